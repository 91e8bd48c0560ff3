using Krait.Imaging;
using Krait.Imaging.Transforms;

namespace Krait.Training.Data;

/// <summary>The way of a volume to the grid that the network sees, and back: axes turned to RAS, then voxels of the
/// configured size.</summary>
public sealed class VolumeGrid
{
    private readonly Reorientation turn;

    /// <param name="native">The file's grid.</param>
    /// <param name="spacing">Voxel size to bring it to; null keeps its own.</param>
    public VolumeGrid(VolumeGeometry native, VoxelSize? spacing)
    {
        Native = native;
        turn = Reorientation.ToRas(native.Affine);
        Turned = turn.Apply(native);
        var own = VoxelSize.Of(Turned);
        int Count(int size, double mm, double wanted) => Math.Max(1, (int)Math.Round(size * mm / wanted));
        Network = spacing is not { } s ? Turned : Turned.Resized(Count(Turned.Width, own.W, s.W),
            Count(Turned.Height, own.H, s.H), Count(Turned.Depth, own.D, s.D));
    }

    public VolumeGeometry Native { get; }

    /// <summary>What the network sees.</summary>
    public VolumeGeometry Network { get; }

    /// <summary>D, H, W of what the network sees.</summary>
    public Extent Size => new(Network.Depth, Network.Height, Network.Width);

    private VolumeGeometry Turned { get; }

    /// <summary>Samples [D, H, W, C] of the file on the network's grid, linearly interpolated.</summary>
    public float[] ToNetwork(float[] samples, int channels) =>
        VolumeTransforms.ResizeLinear(turn.Apply(samples, Native, channels), Turned, channels, Network);

    /// <summary>Labels [D, H, W] of the file on the network's grid, nearest voxel.</summary>
    public byte[] ToNetwork(byte[] labels) =>
        VolumeTransforms.ResizeNearest(turn.Apply(labels, Native, 1), Turned, Network);

    /// <summary>Probabilities [D, H, W, K] on the file's voxels, axes still turned, linearly interpolated.</summary>
    public float[] ToNativeSize(float[] probabilities, int outputs) =>
        VolumeTransforms.ResizeLinear(probabilities, Network, outputs, Turned);

    /// <summary>Turns the axes of what <see cref="ToNativeSize"/> gave, or of its labels, back to the file's.</summary>
    public T[] ToNativeAxes<T>(T[] values, int channels) => turn.Inverse.Apply(values, Turned, channels);
}
