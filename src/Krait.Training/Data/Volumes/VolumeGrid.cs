using Krait.Imaging;
using Krait.Imaging.Transforms;

namespace Krait.Training.Data;

/// <summary>The way of a volume to the grid that the network sees, and back: axes turned to RAS, then voxels of the
/// configured size, or slices of it.</summary>
public sealed class VolumeGrid
{
    private readonly Reorientation turn;
    private readonly bool hasSlices;

    /// <param name="native">The file's grid.</param>
    /// <param name="spacing">Voxel size to bring it to; null keeps its own.</param>
    /// <param name="slices">Or size of its slices.</param>
    public VolumeGrid(VolumeGeometry native, VoxelSize? spacing, SliceSize? slices = null)
    {
        hasSlices = slices is not null;
        Native = native;
        turn = Reorientation.ToRas(native.Affine);
        Turned = turn.Apply(native);
        var own = VoxelSize.Of(Turned);
        int Count(int size, double mm, double wanted) => Math.Max(1, (int)Math.Round(size * mm / wanted));
        Network = slices is { } z ? Turned.Resized(z.W, z.H, Turned.Depth)
            : spacing is not { } s ? Turned
            : Turned.Resized(Count(Turned.Width, own.W, s.W), Count(Turned.Height, own.H, s.H),
                Count(Turned.Depth, own.D, s.D));
    }

    public VolumeGeometry Native { get; }

    /// <summary>What the network sees.</summary>
    public VolumeGeometry Network { get; }

    /// <summary>D, H, W of what the network sees.</summary>
    public Extent Size => new(Network.Depth, Network.Height, Network.Width);

    private VolumeGeometry Turned { get; }

    /// <summary>Samples [D, H, W, C] of the file on the network's grid, linearly interpolated;
    /// of slices by a spline.</summary>
    public float[] ToNetwork(float[] samples, int channels)
    {
        float[] turned = turn.Apply(samples, Native, channels);
        return hasSlices ? SliceZoom.Cubic(turned, Turned, channels, Network)
            : VolumeTransforms.ResizeLinear(turned, Turned, channels, Network);
    }

    /// <summary>Labels [D, H, W] of the file on the network's grid, nearest voxel.</summary>
    public byte[] ToNetwork(byte[] labels)
    {
        byte[] turned = turn.Apply(labels, Native, 1);
        return hasSlices ? SliceZoom.Nearest(turned, Turned, 1, Network)
            : VolumeTransforms.ResizeNearest(turned, Turned, Network);
    }

    /// <summary>Probabilities [D, H, W, K] on the file's voxels, axes still turned, linearly interpolated; of slices
    /// the nearest, so that the classes are those of the published code, which brings labels back.</summary>
    public float[] ToNativeSize(float[] probabilities, int outputs) => hasSlices
        ? SliceZoom.Nearest(probabilities, Network, outputs, Turned)
        : VolumeTransforms.ResizeLinear(probabilities, Network, outputs, Turned);

    /// <summary>Turns the axes of what <see cref="ToNativeSize"/> gave, or of its labels, back to the file's.</summary>
    public T[] ToNativeAxes<T>(T[] values, int channels) => turn.Inverse.Apply(values, Turned, channels);
}
