using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Krait.Imaging;

namespace Krait.Training.Data;

/// <summary>Volumes and label volumes as verification sees them.</summary>
internal sealed class VolumeInspector(MaskCoding coding, ImageReadOptions? read) : ISampleInspector
{
    private int channels;

    public SeenSample? Look(Sample sample, FindingList findings)
    {
        if (findings.Read(sample.ImagePath, _ => VolumeReader.ReadImage(sample, read)) is not { } volume ||
            findings.Read(sample.MaskPath, path => VolumeFile.ReadLabels(path, read)) is not { } mask) return null;
        var g = volume.Geometry;
        if (VolumeReader.Mismatch(g, mask.Geometry) is { } difference)
        {
            bool isFatal = !VolumeReader.IsReadable(g, mask.Geometry);
            findings.Add(isFatal ? Severity.Error : Severity.Warning, isFatal ? "size_mismatch" : "geometry",
                sample.Name, $"volume and labels should have one grid: {difference}. " +
                (isFatal ? "Write the labels on the volume's grid." : "The volume's is used."));
            if (isFatal) return null;
        }
        int strange = volume.Samples.AsSpan().IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
        if (strange >= 0)
            findings.Add(Severity.Error, "not_finite", sample.Name, $"voxel {strange / volume.Channels} holds " +
                $"{volume.Samples[strange]}. Replace what is no number.");
        channels = channels == 0 ? volume.Channels : channels;
        if (volume.Channels != channels)
            findings.Add(Severity.Error, "channels", sample.Name,
                $"{volume.Channels} channels; the volumes before have {channels}.");
        byte[] labels = coding.Decode(mask.Labels);
        byte[] hash = SHA256.HashData(MemoryMarshal.AsBytes<float>(volume.Samples));
        var size = new SeenSize(g.ToString(), g.Voxels,
            VolumeFile.HasSpacing(sample.ImagePath) ? VoxelSize.Of(g) : null);
        return new SeenSample(size, Convert.ToHexString(hash), labels, i => mask.Labels[i], () =>
        {
            var slice = VolumeSlice.Through(g, volume.Samples, volume.Channels, labels);
            return (slice.Picture, slice.Of(labels));
        });
    }
}
