namespace Krait.Training.Config;

/// <summary>Where the pictures are and how they are divided.</summary>
public sealed record DataConfig
{
    /// <summary>Data folder, see the data set page of the docs.</summary>
    public string? Root { get; init; }

    /// <summary>Share of the training pictures that becomes validation where the folder has none.</summary>
    public double ValidationFraction { get; init; } = 0.2;

    /// <summary>Share kept for the test where the folder has no split at all.</summary>
    public double TestFraction { get; init; } = 0.1;

    /// <summary>Memory for prepared samples; beyond it they are read again each epoch.</summary>
    public long CacheBytes { get; init; } = 512L << 20;

    /// <summary>Largest width times height that is read.</summary>
    public long MaxPixels { get; init; } = 256L << 20;

    /// <summary>Volumes: patches cut from each an epoch.</summary>
    public int Patches { get; init; } = 1;

    /// <summary>Volumes: share of the patches that lie about a voxel of a foreground class.</summary>
    public double Foreground { get; init; } = 1.0 / 3;

    /// <summary>Keys of the configuration's <c>data</c> section.</summary>
    public static ConfigSection<DataConfig> Section { get; } = new ConfigSection<DataConfig>()
        .Text("root", "data folder with {train,val,test}/{images,masks}", c => c.Root, (c, v) => c with { Root = v })
        .Real("val_fraction", "share for validation where the folder has no val", c => c.ValidationFraction,
            (c, v) => c with { ValidationFraction = v }, 0.0, 0.9)
        .Real("test_fraction", "share for the test where the folder has no split", c => c.TestFraction,
            (c, v) => c with { TestFraction = v }, 0.0, 0.9)
        .Bytes("cache", "memory for prepared samples", c => c.CacheBytes, (c, v) => c with { CacheBytes = v ?? 0 })
        .Add("max_pixels", "largest picture or volume that is read: width times height, times depth",
            (c, n) => c with { MaxPixels = ConfigValue.Whole(n, 1, long.MaxValue) }, c => ConfigValue.Of(c.MaxPixels))
        .Whole("patches", "volumes: patches cut from each an epoch", c => c.Patches,
            (c, v) => c with { Patches = v }, 1)
        .Real("foreground", "volumes: share of the patches that lie about a voxel of a foreground class",
            c => c.Foreground, (c, v) => c with { Foreground = v }, 0, 1);
}
