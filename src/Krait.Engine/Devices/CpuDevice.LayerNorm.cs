using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    public override void LayerNorm(Rows x, Rows weight, Rows bias, Rows gate, float eps, Rows stats, Rows y) =>
        _pool.Run(new LayerNormJob(x, weight, bias, gate, eps, stats, y), StreamChunks(x));

    public override void LayerNormBackward(Rows x, Rows weight, Rows bias, Rows gate, Rows stats, Rows dy, Rows addend,
        Rows dx, Rows dgate, Rows partials, Rows dweight, Rows dbias)
    {
        int parts = Chunks(x.Count, NormRowsPerPart);
        _pool.Run(new LayerNormBackwardJob(x, weight, bias, gate, stats, dy, addend, dx, dgate, partials), parts);
        if (!partials.Exists)
            return;
        float* second = partials.Pointer + partials.Stride;
        Reduce<L, V>.Combine(partials.Pointer, 2 * partials.Stride, parts, x.Width, 1f, dweight.Pointer);
        Reduce<L, V>.Combine(second, 2 * partials.Stride, parts, x.Width, 1f, dbias.Pointer);
    }

    /// <summary>Row <paramref name="first"/>, or null where the operand does not exist.</summary>
    static float* At(Rows rows, long first) => rows.Exists ? rows.Pointer + (first * rows.Stride) : null;

    readonly struct LayerNormJob(Rows x, Rows weight, Rows bias, Rows gate, float eps, Rows stats, Rows y) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            (long first, long count) = StreamRange(x, chunk);
            LayerNorm<L, V>.Forward(At(x, first), x.Stride, weight.Pointer, bias.Pointer, At(gate, first), gate.Stride,
                eps, count, x.Width, At(stats, first), At(y, first), y.Stride);
        }
    }

    readonly struct LayerNormBackwardJob(Rows x, Rows weight, Rows bias, Rows gate, Rows stats, Rows dy, Rows addend,
        Rows dx, Rows dgate, Rows partials) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            long first = (long)chunk * NormRowsPerPart, count = Math.Min(NormRowsPerPart, x.Count - first);
            float* dweight = At(partials, 2L * chunk), dbias = At(partials, (2L * chunk) + 1);
            if (partials.Exists)
            {
                new Span<float>(dweight, x.Width).Clear();
                new Span<float>(dbias, x.Width).Clear();
            }
            LayerNorm<L, V>.Backward(At(x, first), x.Stride, weight.Pointer, bias.Pointer, At(gate, first), gate.Stride,
                At(stats, first), At(dy, first), dy.Stride, At(addend, first), addend.Stride, count, x.Width,
                worker.Scratch(x.Width), At(dx, first), dx.Stride, At(dgate, first), dgate.Stride, dweight, dbias);
        }
    }
}
