namespace Krait.Imaging.Tests;

public sealed class GifTests
{
    [Fact]
    public void A_file_of_another_writer_is_read_with_its_indices()
    {
        Image image = Asset.Read("two_colours.gif");
        Assert.Equal((16, 12), (image.Width, image.Height));
        Assert.Equal(Asset.Drawing(), image.ToRgb8());
        Assert.Equal(3, image.PaletteIndices!.Distinct().Count());
        ImageHeader header = ImageFile.ReadHeader(Asset.Path("two_colours.gif"));
        Assert.Equal((16, 12, image.Channels), (header.Width, header.Height, header.Channels));
    }

    [Theory]
    [InlineData(1, 1, 2)]
    [InlineData(7, 9, 4)]
    [InlineData(300, 200, 256)]
    public void Written_indices_are_read_back_at_every_code_width(int width, int height, int colours)
    {
        Random random = new(colours);

        // Long repeats and noise: both grow the table to its limit, by other ways.
        byte[] indices = new byte[width * height];
        for (int i = 0; i < indices.Length; i++)
        {
            indices[i] = (byte)(i < indices.Length / 2 ? i / 50 % colours : random.Next(colours));
        }

        foreach (bool interlaced in (bool[])[false, true])
        {
            Image image = Samples.Decode(TestGif.Write(width, height, indices, colours, interlaced));
            Assert.Equal(indices, image.PaletteIndices);
        }
    }

    [Fact]
    public void A_grey_ramp_makes_a_grey_picture_and_a_small_frame_lies_on_its_canvas()
    {
        byte[] indices = [9, 200, 30, 255];
        Assert.Equal(indices, Samples.Decode(TestGif.Write(2, 2, indices, 256, false, grey: true)).Bytes);
        byte[] file = TestGif.Write(2, 2, indices, 256, false, grey: true);
        (file[6], file[8]) = (3, 4);
        Image image = Samples.Decode(file);
        Assert.Equal((3, 4, 1), (image.Width, image.Height, image.Channels));
        Assert.Equal([9, 200, 0, 30, 255, 0, 0, 0, 0, 0, 0, 0], image.Bytes);
    }

    [Fact]
    public void Truncated_and_damaged_files_are_refused_or_read_but_never_crash()
    {
        byte[] file = TestGif.Write(20, 20, [.. Enumerable.Range(0, 400).Select(i => (byte)(i % 7))], 8, false);
        for (int length = 0; length < file.Length - 2; length++)
        {
            Assert.Throws<ImageFormatException>(() => Samples.Decode(file[..length]));
        }

        Random random = new(5);
        for (int i = 0; i < 3000; i++)
        {
            byte[] damaged = [.. file];
            damaged[random.Next(10, file.Length)] = (byte)random.Next(256);
            Exception? e = Record.Exception(() => Samples.Decode(damaged));
            Assert.True(e is null or ImageFormatException, e?.ToString());
        }
    }
}
