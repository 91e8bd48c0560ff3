using System.Buffers.Binary;

namespace Krait.Imaging.Tests;

public sealed class BmpTests
{
    [Fact]
    public void Rows_stand_bottom_up_and_blue_comes_first()
    {
        byte[] pixels = [1, 2, 3, 0, 10, 20, 30, 0];
        Image image = Samples.Decode(HostileFileTests.Bmp(1, 2, 24, pixels));
        Assert.Equal([30, 20, 10, 3, 2, 1], image.Bytes);
        byte[] topDown = HostileFileTests.Bmp(1, -2, 24, pixels);
        Assert.Equal([3, 2, 1, 30, 20, 10], Samples.Decode(topDown).Bytes);
    }

    [Theory]
    [InlineData(1, new byte[] { 0b1010_0000, 0, 0, 0 }, new byte[] { 1, 0, 1 })]
    [InlineData(4, new byte[] { 0x1F, 0x20, 0, 0 }, new byte[] { 1, 15, 2 })]
    [InlineData(8, new byte[] { 7, 200, 3, 0 }, new byte[] { 7, 200, 3 })]
    public void Palette_bmp_keeps_its_indices(int bits, byte[] row, byte[] indices)
    {
        byte[] file = HostileFileTests.Bmp(3, 1, bits, row);
        for (int i = 0; i < 1 << bits; i++)
        {
            file[54 + (4 * i)] = (byte)(255 - i);
        }

        Image image = Samples.Decode(file);
        Assert.Equal(indices, image.PaletteIndices);
        Assert.Equal(255 - indices[2], image[2, 0, 2]);
    }

    [Fact]
    public void A_grey_ramp_palette_makes_a_grey_picture()
    {
        byte[] file = HostileFileTests.Bmp(2, 1, 1, [0b0100_0000, 0, 0, 0]);
        file.AsSpan(58, 3).Fill(255);
        Image image = Samples.Decode(file);
        Assert.Equal(1, image.Channels);
        Assert.Equal([0, 255], image.Bytes);
        Assert.Equal([0, 1], image.ClassValues()!);
    }

    [Fact]
    public void Rle8_runs_literals_jumps_and_ends_are_read()
    {
        byte[] runs = [3, 9, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 2, 1, 0, 2, 4, 0, 1];
        byte[] file = HostileFileTests.Bmp(3, 3, 8, runs);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(30), 1);
        file[54] = 77;
        Image image = Samples.Decode(file);
        Assert.Equal([0, 4, 4, 1, 2, 3, 9, 9, 9], image.PaletteIndices!);
        for (int length = file.Length - 1; length > file.Length - runs.Length; length--)
        {
            byte[] cut = file[..length];
            Assert.Throws<ImageFormatException>(() => Samples.Decode(cut));
        }
    }

    [Fact]
    public void Sixteen_and_32_bit_pixels_follow_their_masks()
    {
        byte[] five = HostileFileTests.Bmp(1, 1, 16, [0x1F, 0x7C, 0, 0]);
        Assert.Equal([255, 0, 255], Samples.Decode(five).Bytes);
        Assert.Equal([3, 2, 1], Samples.Decode(HostileFileTests.Bmp(1, 1, 32, [1, 2, 3, 99])).Bytes);
    }
}
