using Krait.Imaging.Codecs;

namespace Krait.Imaging.Tests;

/// <summary>What is written is read back, and what is damaged is refused with one clear message.</summary>
public sealed class PngTests
{
    [Theory]
    [InlineData(1, 8)]
    [InlineData(2, 8)]
    [InlineData(3, 8)]
    [InlineData(4, 8)]
    [InlineData(1, 16)]
    [InlineData(2, 16)]
    [InlineData(3, 16)]
    [InlineData(4, 16)]
    public void Written_pictures_are_read_back(int channels, int bits)
    {
        foreach ((int width, int height) in ((int, int)[])[(1, 1), (1, 7), (9, 1), (17, 13)])
        {
            Image image = Samples.Random(width, height, channels, bits);
            Image again = Samples.Decode(Samples.Png(image));
            Samples.AssertSame(image, again);
        }
    }

    [Fact]
    public void Palette_pictures_keep_indices_and_colours()
    {
        byte[] indices = [0, 1, 2, 2, 1, 0];
        Rgba[] palette = [new(0, 0, 0, 0), new(255, 0, 0), new(0, 128, 255)];
        Image again = Samples.Decode(Samples.Png(Image.FromIndices(3, 2, indices, palette)));
        Assert.Equal(indices, again.PaletteIndices);
        Assert.Equal(palette, again.Palette);
        Assert.Equal([0, 1, 2, 2, 1, 0], again.ClassValues()!);
        Assert.Equal(128, again[2, 0, 1]);
        Assert.Equal(0, again[0, 0, 3]);
    }

    [Theory]
    [InlineData("interlaced.png")]
    [InlineData("palette.png")]
    public void Files_of_another_writer_are_read(string file) =>
        Assert.Equal(Asset.Drawing(), Asset.Read(file).ToRgb8());

    [Fact]
    public void Row_filters_of_another_writer_are_undone()
    {
        Image narrow = Asset.Read("filters.png");
        Image wide = Asset.Read("filters16.png");
        for (int i = 0; i < 40 * 30 * 3; i++)
        {
            (int x, int y, int c) = (i / 3 % 40, i / 120, i % 3);
            int expected = (int)((x * y / (2.0 + c)) + (x * x / (5.0 - c)));
            expected += ((x * x * 7) + (y * y * 13) + (x * y * c * 5)) % 7;
            Assert.Equal(expected % 256, narrow[x, y, c]);
            Assert.Equal((expected % 256 * 256) + (i * 7 % 256), wide[x, y, c]);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Interlaced_pictures_of_every_depth_and_size_are_read(int bits)
    {
        for (int width = 1; width <= 9; width++)
        {
            for (int height = 1; height <= 9; height++)
            {
                int top = (1 << bits) - 1;
                int[] values = [.. Enumerable.Range(0, width * height).Select(i => (i * 7) & top)];
                Image image = Samples.Decode(InterlacedPng.Write(width, height, bits, values));
                Assert.Equal(values, image.ClassValues()!);
                Assert.Equal(values.Max() * (255 / top), image.Bytes.Max());
            }
        }
    }

    [Fact]
    public void Every_single_damaged_byte_is_refused()
    {
        Image image = Samples.Random(6, 5, 3, 8);
        byte[] file = Samples.Png(image);
        for (int i = 0; i < file.Length; i++)
        {
            byte[] damaged = [.. file];
            damaged[i] ^= 0x5A;
            Assert.Throws<ImageFormatException>(() => Samples.Decode(damaged));
        }
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        byte[] file = Samples.Png(Samples.Random(6, 5, 3, 8));
        for (int length = 0; length < file.Length; length++)
        {
            Assert.Throws<ImageFormatException>(() => Samples.Decode(file[..length]));
        }
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file_whole()
    {
        string folder = Directory.CreateTempSubdirectory("krait-png").FullName;
        string path = Path.Combine(folder, "a.png");
        ImageFile.WritePng(path, Samples.Random(4, 4, 1, 8));
        byte[] before = File.ReadAllBytes(path);
        Assert.Throws<IOException>(() => AtomicFile.Write(path, file =>
        {
            file.Write([1, 2, 3]);
            throw new IOException("no space left");
        }));
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(folder));
        Directory.Delete(folder, recursive: true);
    }
}
