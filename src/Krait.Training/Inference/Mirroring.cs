using Krait.Engine;

namespace Krait.Training;

/// <summary>
/// Prediction from all mirror images of what the network is fed with: y = mean over all sets of spatial axes s of
/// flip_s(f(flip_s(x))), 4 runs of 2-D networks and 8 of 3-D ones.
/// </summary>
/// <remarks>As nnU-Net (doi:10.1038/s41592-020-01008-z) does in its published code: the mean is one of logits, taken
/// before sigmoid or softmax.</remarks>
internal static class Mirroring
{
    /// <summary>Mean logits.</summary>
    /// <param name="image">[B, (D,) H, W, C].</param>
    /// <param name="shape">Of the image.</param>
    /// <param name="network">f.</param>
    public static float[] Mean(ReadOnlySpan<float> image, Shape shape, LogitsFunction network)
    {
        float[] sum = network(image, shape), flipped = new float[image.Length], back = new float[sum.Length];
        int sets = 1 << (shape.Rank - 2);
        for (int set = 1; set < sets; set++)
        {
            Flip(image, shape, set, flipped);
            Flip(network(flipped, shape), shape.WithWidth((int)(sum.Length / shape.Rows)), set, back);
            for (int i = 0; i < sum.Length; i++) sum[i] += back[i];
        }
        for (int i = 0; i < sum.Length; i++) sum[i] /= sets;
        return sum;
    }

    /// <summary>Reverses axes: bit 0 of the set stands for W, bit 1 for H, bit 2 for D.</summary>
    public static void Flip(ReadOnlySpan<float> x, Shape shape, int set, Span<float> y)
    {
        var (depth, height, width) = shape.Spatial;
        int channels = shape.Width, to = 0;
        for (int b = 0; b < shape.Batch; b++)
            for (int d = 0; d < depth; d++)
                for (int h = 0; h < height; h++)
                {
                    int slice = (set & 4) != 0 ? depth - 1 - d : d, row = (set & 2) != 0 ? height - 1 - h : h;
                    int line = (((b * depth) + slice) * height + row) * width;
                    for (int w = 0; w < width; w++, to += channels)
                        x.Slice((line + ((set & 1) != 0 ? width - 1 - w : w)) * channels, channels).CopyTo(y[to..]);
                }
    }
}
