using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Optimizers;

/// <summary>Scales all gradients by min(1, max / (norm + 1e-6)),
/// norm = sqrt(sum of squares over all parameters).</summary>
/// <remarks>Pascanu et al., "On the difficulty of training recurrent neural networks", arXiv:1211.5063.</remarks>
public static class GradientClip
{
    const double Eps = 1e-6;

    /// <returns>The norm before scaling. Sums are in double, in a fixed order.</returns>
    public static unsafe double ByNorm(Device device, ParameterStore store, IEnumerable<Parameter> learned, double max)
    {
        Rows[] rows = [.. learned.OrderBy(p => p.Offset).Select(p => Row(store, p))];
        double norm = Math.Sqrt(rows.Sum(device.SumOfSquares));
        double scale = Math.Min(1, max / (norm + Eps));
        if (scale < 1)
            foreach (Rows row in rows)
                device.Affine(row, (float)scale, 0f, row);
        return norm;
    }

    static unsafe Rows Row(ParameterStore store, Parameter p)
    {
        int length = checked((int)p.Shape.Count);
        return new Rows(store.GradientBuffer.Pointer + p.Offset, 1, length, length);
    }
}
