using Krait.Engine.Kernels;

namespace Krait.Engine.Devices;

public sealed unsafe partial class CpuDevice<L, V>
{
    public override void NormStatistics(Rows x, int groups, float eps, Rows mean, Rows rstd,
        (Rows Mean, Rows Variance) running, float momentum)
    {
        int width = x.Width, samples = checked((int)mean.Count);
        long rows = x.Count / samples;
        (int parts, long each) = Parts(rows, width);
        long partFloats = 2L * parts * width;
        float* scratch = _partials.Value!.Scratch((partFloats * samples) + (2 * width));
        _pool.Run(new NormStatisticsJob(x, rows, parts, each, scratch), parts * samples);
        double* variance = (double*)(scratch + (partFloats * samples));
        for (int s = 0; s < samples; s++)
        {
            NormGroups.Join(scratch + (s * partFloats), parts, each, rows, width, groups, At(mean, s), variance);
            for (int c = 0; c < width; c++)
                At(rstd, s)[c] = (float)(1 / Math.Sqrt(variance[c] + eps));
        }
        if (!running.Mean.Exists)
            return;
        double unbias = rows > 1 ? (double)rows / (rows - 1) : 1;
        for (int c = 0; c < width; c++)
        {
            running.Mean.Pointer[c] += momentum * (mean.Pointer[c] - running.Mean.Pointer[c]);
            running.Variance.Pointer[c] += momentum * ((float)(variance[c] * unbias) - running.Variance.Pointer[c]);
        }
    }

    public override void NormFromRunning(Rows runningMean, Rows runningVariance, float eps, Rows mean, Rows rstd)
    {
        for (int c = 0; c < mean.Width; c++)
        {
            mean.Pointer[c] = runningMean.Pointer[c];
            rstd.Pointer[c] = (float)(1 / Math.Sqrt((double)runningVariance.Pointer[c] + eps));
        }
    }

    public override void ChannelNorm(Rows x, Rows mean, Rows rstd, Rows weight, Rows bias, Activation activation,
        float parameter, Rows y)
    {
        float* scale = Scales(rstd, weight, _partials.Value!.Scratch(rstd.Count * x.Width));
        var pass = new NormPass(x, mean, scale, bias.Pointer, parameter);
        switch (activation)
        {
            case Activation.None: Normalize<NoActivation>(pass, y); break;
            case Activation.Relu: Normalize<ReluFunction>(pass, y); break;
            case Activation.LeakyRelu: Normalize<LeakyReluFunction>(pass, y); break;
            case Activation.Gelu: Normalize<GeluFunction>(pass, y); break;
            case Activation.Silu: Normalize<SiluFunction>(pass, y); break;
            default: throw new NotSupportedException($"norm: no fused {activation}. Apply it as an op of its own.");
        }
    }

    public override void ChannelNormBackward(Rows x, Rows mean, Rows rstd, Rows weight, Rows bias,
        Activation activation, float parameter, int groups, bool isFixed, Rows dy, Rows addend, Rows dx, Rows dweight,
        Rows dbias)
    {
        var of = new NormGradient(rstd, weight, groups, isFixed, dy, addend, dx, dweight, dbias);
        var pass = new NormPass(x, mean, null, bias.Pointer, parameter);
        switch (activation)
        {
            case Activation.None: Differentiate<NoActivation>(pass, of); break;
            case Activation.Relu: Differentiate<ReluFunction>(pass, of); break;
            case Activation.LeakyRelu: Differentiate<LeakyReluFunction>(pass, of); break;
            case Activation.Gelu: Differentiate<GeluFunction>(pass, of); break;
            case Activation.Silu: Differentiate<SiluFunction>(pass, of); break;
            default: throw new NotSupportedException($"norm: no fused {activation}. Apply it as an op of its own.");
        }
    }

    /// <summary>weight * rstd, per sample and channel.</summary>
    static float* Scales(Rows rstd, Rows weight, float* scale)
    {
        for (long s = 0; s < rstd.Count; s++)
            for (int c = 0; c < rstd.Width; c++)
                scale[(s * rstd.Width) + c] = At(rstd, s)[c] * (weight.Exists ? weight.Pointer[c] : 1f);
        return scale;
    }

    void Normalize<F>(NormPass pass, Rows y) where F : struct, IActivation =>
        _pool.Run(new NormalizeJob<F>(pass, y), pass.Chunks);

    void Differentiate<F>(NormPass pass, NormGradient of) where F : struct, IActivation
    {
        int width = pass.X.Width, samples = (int)pass.Mean.Count;
        long rows = pass.RowsEach, vector = (long)samples * width;
        (int parts, long each) = Parts(rows, width);
        float* scratch = _partials.Value!.Scratch((3 * vector) + 1 + (8 * width) + (2L * parts * samples * width));
        float* offset = scratch + vector, slope = offset + vector;
        double* sums = (double*)(scratch + (((3 * vector) + 1) / 2 * 2));
        float* partials = (float*)(sums + (4 * width));
        pass = new NormPass(pass.X, pass.Mean, Scales(of.Rstd, of.Weight, scratch), pass.Bias, pass.Parameter);
        _pool.Run(new NormSumsJob<F>(pass, of.Dy, parts, each, partials), parts * samples);
        new Span<double>(sums + (2 * width), 2 * width).Clear();
        for (int s = 0; s < samples; s++)
        {
            SumParts(partials + (2L * s * parts * width), parts, width, sums);
            for (int c = 0; c < width; c++)
            {
                sums[(2 * width) + c] += sums[c];
                sums[(3 * width) + c] += sums[width + c] * At(of.Rstd, s)[c];
            }
            NormGroups.Backward(sums, sums + width, of.Weight.Pointer, At(of.Rstd, s), rows, width, of.Groups,
                offset + ((long)s * width), slope + ((long)s * width));
        }
        for (int c = 0; c < width && of.Dweight.Exists; c++)
            of.Dweight.Pointer[c] = (float)sums[(3 * width) + c];
        for (int c = 0; c < width && of.Dbias.Exists; c++)
            of.Dbias.Pointer[c] = (float)sums[(2 * width) + c];
        if (of.IsFixed)
            new Span<float>(offset, checked((int)(2 * vector))).Clear();
        if (of.Dx.Exists)
            _pool.Run(new NormInputJob<F>(pass, of, offset, slope), pass.Chunks);
    }

    /// <summary>Adds partial [sum, sum * x] in order, in double precision.</summary>
    static void SumParts(float* partials, int parts, int width, double* sums)
    {
        new Span<double>(sums, 2 * width).Clear();
        for (int k = 0; k < parts; k++)
            for (int c = 0; c < 2 * width; c++)
                sums[c] += partials[(2L * k * width) + c];
    }

    /// <summary>What every pass needs. Chunks lie within samples, so that each has one row of statistics.</summary>
    readonly struct NormPass(Rows x, Rows mean, float* scale, float* bias, float parameter)
    {
        public readonly Rows X = x;
        public readonly Rows Mean = mean;
        public readonly float* Scale = scale;
        public readonly float* Bias = bias;
        public readonly float Parameter = parameter;

        public long RowsEach => X.Count / Mean.Count;
        int ChunksEach => CpuDevice<L, V>.Chunks(RowsEach, StreamRows(X.Width));
        public int Chunks => checked((int)(ChunksEach * Mean.Count));

        public (int Sample, long First, long Count) Range(int chunk)
        {
            int sample = chunk / ChunksEach;
            long start = chunk % ChunksEach * StreamRows(X.Width);
            return (sample, (sample * RowsEach) + start, Math.Min(StreamRows(X.Width), RowsEach - start));
        }
    }

    readonly record struct NormGradient(Rows Rstd, Rows Weight, int Groups, bool IsFixed, Rows Dy, Rows Addend, Rows Dx,
        Rows Dweight, Rows Dbias);

    readonly struct NormStatisticsJob(Rows x, long rows, int parts, long each, float* partials) : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            long start = chunk % parts * each, first = (chunk / parts * rows) + start;
            float* to = partials + (2L * chunk * x.Width);
            ChannelNorm<L, V>.Statistics(At(x, first), x.Stride, Math.Min(each, rows - start), x.Width, to,
                to + x.Width);
        }
    }

    readonly struct NormalizeJob<F>(NormPass pass, Rows y) : IJob where F : struct, IActivation
    {
        public void Run(int chunk, Worker worker)
        {
            (int sample, long first, long count) = pass.Range(chunk);
            ChannelNorm<L, V>.Forward<F>(pass.Parameter, At(pass.X, first), pass.X.Stride, At(pass.Mean, sample),
                pass.Scale + ((long)sample * y.Width), pass.Bias, count, y.Width, At(y, first), y.Stride);
        }
    }

    readonly struct NormSumsJob<F>(NormPass pass, Rows dy, int parts, long each, float* partials) : IJob
        where F : struct, IActivation
    {
        public void Run(int chunk, Worker worker)
        {
            int sample = chunk / parts;
            long start = chunk % parts * each, first = (sample * pass.RowsEach) + start;
            float* to = partials + (2L * chunk * dy.Width);
            ChannelNorm<L, V>.Sums<F>(pass.Parameter, At(pass.X, first), pass.X.Stride, At(pass.Mean, sample),
                pass.Scale + ((long)sample * dy.Width), pass.Bias, At(dy, first), dy.Stride,
                Math.Min(each, pass.RowsEach - start), dy.Width, to, to + dy.Width);
        }
    }

    readonly struct NormInputJob<F>(NormPass pass, NormGradient of, float* offset, float* slope) : IJob
        where F : struct, IActivation
    {
        public void Run(int chunk, Worker worker)
        {
            (int sample, long first, long count) = pass.Range(chunk);
            long at = (long)sample * pass.X.Width;
            ChannelNorm<L, V>.Input<F>(pass.Parameter, At(pass.X, first), pass.X.Stride, At(pass.Mean, sample),
                pass.Scale + at, pass.Bias, offset + at, slope + at, At(of.Dy, first), of.Dy.Stride,
                At(of.Addend, first), of.Addend.Stride, count, pass.X.Width, At(of.Dx, first), of.Dx.Stride);
        }
    }
}
