using System.Buffers.Binary;

namespace Krait.Imaging.Codecs;

/// <summary>A parsed and checked NIfTI header.</summary>
internal sealed record NiftiHeader
{
    public const int Size1 = 348;
    public const int Size2 = 540;
    private const int MaxAxes = 7;

    public required VolumeGeometry Geometry { get; init; }
    public required int Channels { get; init; }
    public required NiftiType Type { get; init; }

    /// <summary>Where the voxels begin in their file.</summary>
    public required long Offset { get; init; }

    /// <summary>The voxels lie in a file of their own, .img.</summary>
    public required bool IsPair { get; init; }

    public required double Slope { get; init; }
    public required double Intercept { get; init; }
    public required bool IsBigEndian { get; init; }
    public required int Version { get; init; }

    /// <summary>Bytes of all voxels.</summary>
    public long DataBytes => (long)Geometry.Voxels * Channels * Type.Bytes;

    public VolumeHeader ToPublic() => new(Geometry, Channels, Type.Name, Slope, Intercept, IsBigEndian, Version);

    /// <summary>Version, byte order and length of the header that begins so; null if it is no NIfTI file.</summary>
    public static (int Version, bool IsBigEndian, int Length)? Recognise(ReadOnlySpan<byte> start)
    {
        if (start.Length < 4)
        {
            return null;
        }

        int little = BinaryPrimitives.ReadInt32LittleEndian(start), big = BinaryPrimitives.ReadInt32BigEndian(start);
        return little == Size1 ? (1, false, Size1) : big == Size1 ? (1, true, Size1)
            : little == Size2 ? (2, false, Size2) : big == Size2 ? (2, true, Size2) : null;
    }

    /// <summary>Reads and checks a header of 348 or 540 bytes.</summary>
    /// <exception cref="ImageFormatException">If it is none, or claims what cannot be.</exception>
    public static NiftiHeader Parse(string name, byte[] header, ImageReadOptions options)
    {
        var (version, isBig, length) = Recognise(header) ?? throw new ImageFormatException($"{name}: no NIfTI header.");
        NiftiFields f = new(header, isBig, version);
        bool isPair = IsPairByMagic(name, f.Magic);
        var (sizes, channels) = Sizes(name, f, options);
        double offset = f.Offset;
        if (!double.IsFinite(offset) || offset < (isPair ? 0 : length) || offset > int.MaxValue)
        {
            throw new ImageFormatException($"{name}: voxels begin behind the header of {length} bytes; the header says "
                + FormattableString.Invariant($"{offset}. The file is damaged."));
        }

        double slope = f.Slope, intercept = f.Intercept;
        bool scales = slope != 0 && double.IsFinite(slope);
        if (scales && !double.IsFinite(intercept))
        {
            throw new ImageFormatException($"{name}: the intercept must be a number; the header says " +
                $"{intercept} beside "
                + FormattableString.Invariant($"slope {slope}. The file is damaged."));
        }

        NiftiForms forms = f.Forms;
        return new NiftiHeader
        {
            Geometry = new VolumeGeometry(sizes[0], sizes[1], sizes[2],
                forms.ToAffine(name, sizes[0], sizes[1], sizes[2]))
            { Forms = forms },
            Channels = channels,
            Type = NiftiType.Of(name, f.TypeCode),
            Offset = (long)offset,
            IsPair = isPair,
            Slope = scales ? slope : 1,
            Intercept = scales ? intercept : 0,
            IsBigEndian = isBig,
            Version = version,
        };
    }

    private static bool IsPairByMagic(string name, ReadOnlySpan<byte> magic)
    {
        if (magic.StartsWith("n+1\0"u8) || magic.StartsWith("n+2\0"u8))
        {
            return false;
        }

        return magic.StartsWith("ni1\0"u8) || magic.StartsWith("ni2\0"u8) ? true
            : throw new ImageFormatException($"{name}: the header has NIfTI's size but not its mark (n+1, ni1, n+2, "
                + $"ni2); it says {Convert.ToHexString(magic[..4])}. Convert Analyze files first.");
    }

    private static (int[] Sizes, int Channels) Sizes(string name, NiftiFields f, ImageReadOptions options)
    {
        long[] dims = f.Dims;
        long axes = dims[0];
        if (axes is < 1 or > MaxAxes)
        {
            throw new ImageFormatException(
                $"{name}: a volume has 1 to {MaxAxes} axes; the header says {axes}. The file is damaged.");
        }

        dims = [.. dims.Skip(1).Select((d, a) => a < axes ? d : 1)];
        string text = string.Join('x', dims.Take((int)axes));
        if (dims.Any(d => d < 1))
        {
            throw new ImageFormatException(
                $"{name}: every axis has at least 1 voxel; the header says {text}. The file is damaged.");
        }

        // Rounded for absurd claims only, which are far above any limit.
        double total = dims.Aggregate(1.0, (product, d) => product * d);
        if (total > Math.Min(options.MaxPixels, Array.MaxLength))
        {
            throw new ImageFormatException($"{name}: at most {options.MaxPixels} voxels are read; the header says "
                + $"{text}. Raise the limit (--max-pixels) if the volume is really that large.");
        }

        return ([(int)dims[0], (int)dims[1], (int)dims[2]], (int)(dims[3] * dims[4] * dims[5] * dims[6]));
    }
}
