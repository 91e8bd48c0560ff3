namespace Krait.Imaging;

/// <summary>A picture in memory: row-major, channels interleaved, 8 or 16 bits a sample.</summary>
/// <remarks>Channels: 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA. Samples of files with fewer than 8 bits are scaled to
/// 0..255; <see cref="SourceBitDepth"/> and <see cref="ClassValues"/> give back what the file held.</remarks>
public sealed class Image
{
    private readonly byte[]? bytes;
    private readonly ushort[]? words;

    /// <summary>An 8-bit picture over <paramref name="samples"/> [height, width, channels] (not copied).</summary>
    public Image(int width, int height, int channels, byte[] samples)
    {
        CheckShape(width, height, channels, samples.LongLength);
        (Width, Height, Channels, BitDepth, SourceBitDepth, bytes) = (width, height, channels, 8, 8, samples);
    }

    /// <summary>A 16-bit picture over <paramref name="samples"/> [height, width, channels] (not copied).</summary>
    public Image(int width, int height, int channels, ushort[] samples)
    {
        CheckShape(width, height, channels, samples.LongLength);
        (Width, Height, Channels, BitDepth, SourceBitDepth, words) = (width, height, channels, 16, 16, samples);
    }

    public int Width { get; }

    public int Height { get; }

    public int Channels { get; }

    /// <summary>Bits of a sample here: 8 or 16.</summary>
    public int BitDepth { get; }

    /// <summary>Bits of a sample in the file: 1, 2, 4, 8 or 16.</summary>
    public int SourceBitDepth { get; init; }

    /// <summary>The file's palette when it was a palette picture; the samples are already its colours.</summary>
    public Rgba[]? Palette { get; private init; }

    /// <summary>[height, width] the file's palette indices when it was a palette picture.</summary>
    public byte[]? PaletteIndices { get; private init; }

    public bool HasAlpha => Channels is 2 or 4;

    /// <summary>Samples of an 8-bit picture.</summary>
    public byte[] Bytes => bytes ?? throw new InvalidOperationException("image: Bytes needs 8 bits a sample; got 16.");

    /// <summary>Samples of a 16-bit picture.</summary>
    public ushort[] Words =>
        words ?? throw new InvalidOperationException("image: Words needs 16 bits a sample; got 8.");

    /// <summary>Sample <paramref name="channel"/> of pixel (x, y), 0..255 or 0..65535.</summary>
    public int this[int x, int y, int channel = 0]
    {
        get
        {
            int i = (((y * Width) + x) * Channels) + channel;
            return bytes is null ? words![i] : bytes[i];
        }
    }

    /// <summary>A palette picture: indices [height, width] and the colours they name.</summary>
    public static Image FromIndices(
        int width, int height, byte[] indices, IReadOnlyList<Rgba> palette, int sourceBitDepth = 8)
    {
        CheckShape(width, height, 1, indices.LongLength);
        if (palette.Count is < 1 or > 256)
        {
            throw new ArgumentException($"palette: 1 to 256 colours; got {palette.Count}.", nameof(palette));
        }

        bool alpha = palette.Any(c => c.A != 255);
        int channels = alpha ? 4 : 3;
        byte[] samples = new byte[checked(indices.Length * channels)];
        Span<Rgba> table = stackalloc Rgba[256];
        table.Fill(new Rgba(0, 0, 0));
        for (int i = 0; i < palette.Count; i++)
        {
            table[i] = palette[i];
        }

        for (int i = 0, o = 0; i < indices.Length; i++)
        {
            Rgba c = table[indices[i]];
            samples[o++] = c.R;
            samples[o++] = c.G;
            samples[o++] = c.B;
            if (alpha)
            {
                samples[o++] = c.A;
            }
        }

        return new Image(width, height, channels, samples)
        {
            Palette = [.. palette],
            PaletteIndices = indices,
            SourceBitDepth = sourceBitDepth,
        };
    }

    /// <summary>[height, width] one number a pixel as the file holds it: the palette index, or the grey value at the
    /// file's own bit depth. Null for a colour picture, whose classes are named by colour.</summary>
    public int[]? ClassValues()
    {
        if (PaletteIndices is not null)
        {
            return Array.ConvertAll(PaletteIndices, i => (int)i);
        }

        if (Channels > 2)
        {
            return null;
        }

        // Scaling from b < 8 bits multiplied by 255 / (2^b - 1), a whole number.
        int unit = SourceBitDepth < 8 ? 255 / ((1 << SourceBitDepth) - 1) : 1;
        int[] values = new int[Width * Height];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Sample(i * Channels) / unit;
        }

        return values;
    }

    /// <summary>[height, width, channels] float32 0..255 (65535 becomes 255). Alpha is kept only when
    /// <paramref name="channels"/> is 0 (all channels as they are); 1 asks for grey, 3 for RGB.</summary>
    public float[] ToFloat(int channels = 0)
    {
        if (channels is not (0 or 1 or 3))
        {
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "image: channels is 0, 1 or 3.");
        }

        if (channels == 0 || channels == Channels)
        {
            float[] same = new float[(long)Width * Height * Channels];
            for (int i = 0; i < same.Length; i++)
            {
                same[i] = bytes is null ? words![i] / 257f : bytes[i];
            }

            return same;
        }

        Image plain = channels == 1 ? ToGrey() : ToRgb();
        return plain.ToFloat();
    }

    /// <summary>Three channels at the same bit depth: grey is repeated, alpha dropped.</summary>
    public Image ToRgb() => Remap(3);

    /// <summary>One channel at the same bit depth: luma 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), alpha dropped.
    /// </summary>
    public Image ToGrey() => Remap(1);

    /// <summary>[height, width, 3] 8-bit RGB; 16-bit samples are scaled and rounded, alpha dropped.</summary>
    public byte[] ToRgb8() => ToRgb().To8Bit().Bytes;

    /// <summary>[height, width] 8-bit luma; 16-bit samples are scaled and rounded, alpha dropped.</summary>
    public byte[] ToGrey8() => ToGrey().To8Bit().Bytes;

    /// <summary>The same picture with 8 bits a sample (65535 becomes 255, rounded to nearest).</summary>
    public Image To8Bit()
    {
        return words is null
            ? this
            : new Image(Width, Height, Channels, Array.ConvertAll(words, w => (byte)((w + 128) / 257)));
    }

    private static void CheckShape(int width, int height, int channels, long samples)
    {
        if (width < 1 || height < 1 || channels is < 1 or > 4 || samples != (long)width * height * channels)
        {
            throw new ArgumentException(
                $"image: samples are [height, width, 1..4 channels]; got {samples} for {width}x{height}x{channels}.");
        }
    }

    private int Sample(int i) => bytes is null ? words![i] : bytes[i];

    private Image Remap(int channels)
    {
        if (channels == Channels)
        {
            return this;
        }

        int pixels = Width * Height;
        int[] pixel = new int[3];
        byte[] narrow = new byte[words is null ? checked(pixels * channels) : 0];
        ushort[] wide = new ushort[words is null ? 0 : checked(pixels * channels)];
        bool colour = Channels > 2;
        for (int p = 0; p < pixels; p++)
        {
            int at = p * Channels;
            pixel[0] = Sample(at);
            pixel[1] = colour ? Sample(at + 1) : pixel[0];
            pixel[2] = colour ? Sample(at + 2) : pixel[0];
            if (channels == 1 && colour)
            {
                // Weights in units of 2^-16, as the usual readers round them.
                long luma = (19595L * pixel[0]) + (38470L * pixel[1]) + (7471L * pixel[2]) + 0x8000;
                pixel[0] = (int)(luma >> 16);
            }

            for (int c = 0; c < channels; c++)
            {
                if (words is null)
                {
                    narrow[(p * channels) + c] = (byte)pixel[c];
                }
                else
                {
                    wide[(p * channels) + c] = (ushort)pixel[c];
                }
            }
        }

        return words is null
            ? new Image(Width, Height, channels, narrow)
            : new Image(Width, Height, channels, wide);
    }
}
