using Krait.Imaging;

namespace Krait.Training;

/// <summary>What the network says of a volume, on the volume's own voxels.</summary>
public sealed record VolumePrediction
{
    /// <summary>Class numbers, 0 is background.</summary>
    public required LabelVolume Labels { get; init; }

    /// <summary>Probabilities of the classes, background first; one channel for two classes: the foreground's. Of a
    /// model of regions one channel a region.</summary>
    public required Volume Probabilities { get; init; }
}
