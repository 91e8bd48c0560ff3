using Krait.Imaging;
using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>Finds out the range of intensities that CT volumes of a training part share.</summary>
internal static class CtSurvey
{
    private const int VoxelsPerVolume = 10_000;

    /// <summary>The configuration with the numbers of <see cref="Normalization.Ct"/>, from the foreground of the
    /// training volumes; as it is where it needs none or has them.</summary>
    public static TrainConfig Complete(TrainConfig config, Dataset data, Splits splits, ImageReadOptions read)
    {
        var p = config.Preprocessing;
        if (p.Normalization != Normalization.Ct || p.Ct is not null || !p.IsVolume || !data.IsVolumes) return config;
        var reader = new VolumeReader(p, data.Coding, read);
        var values = new List<float>();
        foreach (var sample in splits.Train)
        {
            var volume = reader.ReadImage(sample);
            byte[] labels = reader.ReadLabels(sample, volume);
            int count = labels.Count(IsForeground), every = Math.Max(1, count / VoxelsPerVolume);
            for (int i = 0, seen = 0; i < labels.Length; i++)
                if (IsForeground(labels[i]) && seen++ % every == 0) values.Add(volume.Samples[i * volume.Channels]);
        }
        return config with { Preprocessing = p with { Ct = CtRange.Of([.. values]) } };
    }

    private static bool IsForeground(byte label) => label is not (0 or MaskCoding.Ignored);
}
