using Krait.Imaging.Codecs;

namespace Krait.Imaging.Tests;

/// <summary>Formats that libvips reads; where it is missing, only the message can be tested.</summary>
public sealed class LibvipsFormatTests
{
    [NeedsLibvipsTheory]
    [InlineData("baseline.jpg", 3)]
    [InlineData("progressive.jpg", 3)]
    [InlineData("lossless.webp", 0)]
    [InlineData("lossy.webp", 8)]
    [InlineData("lzw.tif", 0)]
    [InlineData("tiled.tif", 0)]
    [InlineData("cmyk.jpg", 30)]
    public void The_drawing_reads_the_same_in_every_format(string file, int tolerance)
    {
        Image image = Asset.Read(file);
        Assert.Equal((16, 12, 8), (image.Width, image.Height, image.BitDepth));
        byte[] rgb = image.ToRgb8();
        AssertNear(Asset.Drawing(), rgb, tolerance);
    }

    [NeedsLibvipsTheory]
    [InlineData("orientation_2.jpg", 15, 0)]
    [InlineData("orientation_5.jpg", 0, 0)]
    [InlineData("orientation_6.jpg", 11, 0)]
    [InlineData("orientation_8.jpg", 0, 15)]
    [InlineData("orientation_6.tif", 11, 0)]
    public void Exif_orientation_is_applied(string file, int whiteX, int whiteY)
    {
        Image image = Asset.Read(file);
        bool turned = !file.Contains('2');
        Assert.Equal(turned ? (12, 16) : (16, 12), (image.Width, image.Height));
        Assert.True(image[whiteX, whiteY, 1] > 230, "the white corner is elsewhere");
        ImageHeader header = ImageFile.ReadHeader(Asset.Path(file));
        Assert.Equal((image.Width, image.Height), (header.Width, header.Height));
    }

    [NeedsLibvipsFact]
    public void Sixteen_bits_and_grey_are_kept()
    {
        Image wide = Asset.Read("rgb16.tif");
        Assert.Equal((16, 3), (wide.BitDepth, wide.Channels));
        // The writer widened by a shift of 8 bits, not by 257.
        AssertNear(Asset.Drawing(), wide.ToRgb8(), 1);
        Assert.Equal(250f, wide.ToFloat()[0], 1.0);
        Assert.Equal(1, Asset.Read("grey.jpg").Channels);
    }

    [NeedsLibvipsFact]
    public void One_bit_tiff_is_black_and_white()
    {
        Image image = Asset.Read("mono.tif");
        Assert.Equal((255, 0), (image[0, 0], image[15, 11]));
        Assert.All(image.ToGrey8(), v => Assert.True(v is 0 or 255));
    }

    [NeedsLibvipsTheory]
    [InlineData(1, 8)]
    [InlineData(2, 8)]
    [InlineData(3, 8)]
    [InlineData(4, 8)]
    [InlineData(1, 16)]
    [InlineData(3, 16)]
    [InlineData(4, 16)]
    public void Written_tiff_is_read_back(int channels, int bits)
    {
        foreach ((int width, int height) in ((int, int)[])[(1, 1), (3, 50), (700, 401)])
        {
            Image image = Samples.Random(width, height, channels, bits);
            using MemoryStream file = new();
            TiffWriter.Write(file, image);
            Samples.AssertSame(image, Samples.Decode(file.ToArray()));
        }
    }

    [NeedsLibvipsFact]
    public void Written_palette_tiff_has_its_colours()
    {
        Image image = Image.FromIndices(3, 1, [0, 1, 2], [new(9, 8, 7), new(250, 0, 3), new(0, 77, 0)]);
        using MemoryStream file = new();
        TiffWriter.Write(file, image);
        Assert.Equal(image.ToRgb8(), Samples.Decode(file.ToArray()).ToRgb8());
    }

    [Fact]
    public void A_missing_library_is_one_message_that_names_the_fix()
    {
        string message = VipsLibrary.MissingMessage("a.jpg", ImageFormat.Jpeg, null);
        Assert.Contains("apt install libvips42", message, StringComparison.Ordinal);
        Assert.Contains("npm", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        string named = VipsLibrary.MissingMessage("a.jpg", ImageFormat.Jpeg, "/nowhere/libvips.so");
        Assert.Contains("KRAIT_LIBVIPS names '/nowhere/libvips.so'", named, StringComparison.Ordinal);
    }

    [Fact]
    public void The_variable_comes_first_and_alone_then_the_program_then_the_system()
    {
        Assert.Equal(["/opt/my.so"], VipsLibrary.Candidates("/opt/my.so", "/app", "linux-x64"));
        IReadOnlyList<string> found = VipsLibrary.Candidates(null, "/app", "linux-x64");
        Assert.StartsWith(Path.Combine("/app", "runtimes", "linux-x64", "native"), found[0], StringComparison.Ordinal);
        Assert.False(Path.IsPathRooted(found[^1]));
    }

    private static void AssertNear(byte[] expected, byte[] actual, int tolerance)
    {
        double mean = expected.Zip(actual, (e, a) => Math.Abs(e - a)).Average();
        Assert.True(mean <= tolerance, $"differs by {mean} on average, more than {tolerance}");
    }
}
