using Krait.Engine;

namespace Krait.Training.Data;

/// <summary>
/// Cuts training patches out of prepared volumes. Where a patch lies and what happens to it depends on (seed, epoch,
/// index) alone.
/// </summary>
/// <remarks>A share of the patches has a random voxel of a random foreground class at its middle, as far as the
/// volume's end allows, the others lie anywhere (nnU-Net); where voxels are ignored, about one that is not. A volume
/// smaller than the patch lies in its middle, with zeros around.
/// </remarks>
/// <param name="preprocessing">Patch and channels.</param>
/// <param name="foreground">Share of patches about a foreground voxel.</param>
internal sealed class PatchSampler(Preprocessing preprocessing, double foreground)
{
    private readonly Extent patch = preprocessing.Input;

    /// <summary>Cuts and augments one patch.</summary>
    public void Cut(PreparedVolume volume, Augmentation augmentation, int epoch, int index, Span<float> image,
        Span<float> target)
    {
        var origin = Origin(volume, augmentation.Draws("patch", epoch, index));
        var move = PatchMove.Draw(augmentation.Options, augmentation.Draws("patch augmentation", epoch, index),
            isFlat: patch.D == 1);
        PatchCutter.Cut(volume, preprocessing.Channels, patch, origin, move, image, target);
        Augmentation.Intensity(image, move.Contrast, move.Shift);
    }

    /// <summary>First corner of a patch; below 0 where the patch is larger than the volume.</summary>
    internal Extent Origin(PreparedVolume volume, CounterRng rng)
    {
        var size = volume.Size;
        bool isForeground = volume.Places.Count > 0 && rng.Uniform(0) < foreground;
        if (!isForeground && volume.Annotated.Length == 0)
            return new Extent(Anywhere(size.D, patch.D, rng, 1), Anywhere(size.H, patch.H, rng, 2),
                Anywhere(size.W, patch.W, rng, 3));
        int[] places = isForeground ? volume.Places[rng.Below(4, volume.Places.Count)] : volume.Annotated;
        int at = places[rng.Below(5, places.Length)];
        var (slice, inSlice) = Math.DivRem(at, size.H * size.W);
        var (row, column) = Math.DivRem(inSlice, size.W);
        return new Extent(About(slice, size.D, patch.D), About(row, size.H, patch.H), About(column, size.W, patch.W));
    }

    private static int Anywhere(int size, int patch, CounterRng rng, ulong element) =>
        size <= patch ? Middle(size, patch) : rng.Below(element, size - patch + 1);

    private static int About(int place, int size, int patch) =>
        size <= patch ? Middle(size, patch) : Math.Clamp(place - patch / 2, 0, size - patch);

    private static int Middle(int size, int patch) => -((patch - size) / 2);
}
