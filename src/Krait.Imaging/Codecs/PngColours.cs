namespace Krait.Imaging.Codecs;

/// <summary>From raw PNG samples to an <see cref="Image"/>: palette, transparent colour, scaling below 8 bits.
/// </summary>
internal static class PngColours
{
    /// <param name="png">Header, palette and transparency.</param>
    /// <param name="raw">[height, width, file channels] samples at their file values.</param>
    public static Image Apply(PngChunks png, ushort[] raw)
    {
        if (png.ColourType == 3)
        {
            return ApplyBytes(png, Array.ConvertAll(raw, r => (byte)r));
        }

        bool keyed = png.Transparency.Length > 0;
        ushort[] samples = keyed ? AddAlpha(png, raw) : raw;
        if (png.BitDepth == 16)
        {
            return new Image(png.Width, png.Height, png.OutputChannels, samples);
        }

        int unit = 255 / ((1 << png.BitDepth) - 1);
        byte[] bytes = Array.ConvertAll(samples, s => (byte)(s * unit));
        return new Image(png.Width, png.Height, png.OutputChannels, bytes) { SourceBitDepth = png.BitDepth };
    }

    /// <summary>As <see cref="Apply"/> for samples that need no scaling and no colour key.</summary>
    public static Image ApplyBytes(PngChunks png, byte[] raw)
    {
        return png.ColourType == 3
            ? Image.FromIndices(png.Width, png.Height, raw, PaletteOf(png), png.BitDepth)
            : new Image(png.Width, png.Height, png.FileChannels, raw);
    }

    private static Rgba[] PaletteOf(PngChunks png)
    {
        Rgba[] palette = new Rgba[png.Palette.Length / 3];
        for (int i = 0; i < palette.Length; i++)
        {
            byte alpha = i < png.Transparency.Length ? png.Transparency[i] : (byte)255;
            palette[i] = new Rgba(png.Palette[3 * i], png.Palette[(3 * i) + 1], png.Palette[(3 * i) + 2], alpha);
        }

        return palette;
    }

    /// <summary>Pixels equal to the tRNS colour get alpha 0, all others full alpha.</summary>
    private static ushort[] AddAlpha(PngChunks png, ushort[] raw)
    {
        int channels = png.FileChannels;
        int[] key = new int[channels];
        for (int c = 0; c < channels; c++)
        {
            key[c] = (png.Transparency[2 * c] << 8) | png.Transparency[(2 * c) + 1];
        }

        ushort full = (ushort)((1 << png.BitDepth) - 1);
        ushort[] samples = new ushort[(long)png.Width * png.Height * (channels + 1)];
        for (int i = 0, o = 0; i < raw.Length; i += channels)
        {
            bool clear = true;
            for (int c = 0; c < channels; c++)
            {
                clear &= raw[i + c] == key[c];
                samples[o++] = raw[i + c];
            }

            samples[o++] = clear ? (ushort)0 : full;
        }

        return samples;
    }
}
