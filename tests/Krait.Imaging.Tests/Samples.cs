using Krait.Imaging.Codecs;

namespace Krait.Imaging.Tests;

/// <summary>Pictures for the tests, and their comparison.</summary>
internal static class Samples
{
    public static Image Random(int width, int height, int channels, int bits, int seed = 1)
    {
        Random random = new(seed);
        int n = width * height * channels;
        if (bits == 16)
        {
            IEnumerable<ushort> words = Enumerable.Range(0, n).Select(_ => (ushort)random.Next(65536));
            return new Image(width, height, channels, words.ToArray());
        }

        byte[] samples = new byte[n];
        random.NextBytes(samples);
        return new Image(width, height, channels, samples);
    }

    public static byte[] Png(Image image)
    {
        using MemoryStream file = new();
        PngWriter.Write(file, image);
        return file.ToArray();
    }

    public static Image Decode(byte[] file) => ImageFile.Decode("test", file);

    public static void AssertSame(Image expected, Image actual)
    {
        Assert.Equal(
            (expected.Width, expected.Height, expected.Channels, expected.BitDepth),
            (actual.Width, actual.Height, actual.Channels, actual.BitDepth));
        if (expected.BitDepth == 8)
        {
            Assert.Equal(expected.Bytes, actual.Bytes);
        }
        else
        {
            Assert.Equal(expected.Words, actual.Words);
        }
    }
}
