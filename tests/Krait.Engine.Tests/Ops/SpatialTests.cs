using Krait.Engine.Devices;
using Krait.Engine.Kernels.Simd;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Engine.Tests.Ops;

/// <summary>Pooling and interpolation against loops that follow the definitions on [B, D, H, W, C].</summary>
public sealed class SpatialTests
{
    public static TheoryData<int[], int[], int[], int[], int[], bool> Windows => new()
    {
        { [2, 7, 8, 3], [2, 2], [2, 2], [0, 0], [1, 1], false },
        { [1, 4, 6, 5, 17], [2, 2, 2], [2, 2, 2], [0, 0, 0], [1, 1, 1], false },
        { [2, 7, 9, 33], [3, 3], [2, 2], [1, 1], [1, 1], true },
        { [1, 9, 10, 5], [3, 2], [1, 3], [1, 0], [2, 1], false },
        { [2, 11, 19], [3], [2], [1], [1], false },
    };

    [Theory]
    [MemberData(nameof(Windows))]
    public void Maximum_pool_equals_the_oracle(int[] shape, int[] kernel, int[] stride, int[] pad, int[] dilation,
        bool ceil) =>
        new OpCheck { MaxPerturbed = 20 }.Run([new(shape)],
            v => Pool.Apply(v[0], PoolKind.Max, kernel, stride, pad, dilation, ceil),
            x => Sliding(x[0], shape, kernel, stride, pad, dilation, ceil, true));

    [Theory]
    [MemberData(nameof(Windows))]
    public void Average_pool_equals_the_oracle(int[] shape, int[] kernel, int[] stride, int[] pad, int[] dilation,
        bool ceil)
    {
        if (dilation.All(d => d == 1))
            new OpCheck { MaxPerturbed = 20 }.Run([new(shape)],
                v => Pool.Apply(v[0], PoolKind.Average, kernel, stride, pad, dilation, ceil),
                x => Sliding(x[0], shape, kernel, stride, pad, dilation, ceil, false));
    }

    [Theory]
    [InlineData(PoolKind.Average, 5, 4, 1, 1)]
    [InlineData(PoolKind.Max, 5, 4, 1, 1)]
    [InlineData(PoolKind.Average, 8, 8, 3, 3)]
    [InlineData(PoolKind.Max, 7, 13, 5, 5)]
    [InlineData(PoolKind.Average, 7, 13, 5, 5)]
    [InlineData(PoolKind.Average, 3, 2, 7, 5)]
    public void Adaptive_pool_shares_the_input_evenly(PoolKind kind, int h, int w, int toH, int toW) =>
        new OpCheck { MaxPerturbed = 20 }.Run([new(2, h, w, 35)],
            v => AdaptivePool.Apply(v[0], kind, (1, toH, toW)),
            x => Windowed(x[0], [2, 1, h, w, 35], [1, toH, toW], kind == PoolKind.Max, (axis, o) =>
            {
                (int from, int to) = axis switch { 0 => (1, 1), 1 => (h, toH), _ => (w, toW) };
                int begin = o * from / to, end = (((o + 1) * from) + to - 1) / to;
                return ([.. Enumerable.Range(begin, end - begin)], end - begin);
            }));

    [Theory]
    [InlineData(InterpolateMode.Nearest, false)]
    [InlineData(InterpolateMode.Linear, false)]
    [InlineData(InterpolateMode.Linear, true)]
    public void Interpolation_equals_the_oracle(InterpolateMode mode, bool alignCorners)
    {
        (int[] Shape, (int D, int H, int W) To)[] cases =
        [
            ([2, 4, 5, 3], (1, 16, 20)), ([1, 9, 13, 17], (1, 5, 6)), ([1, 1, 1, 2], (1, 4, 4)),
            ([1, 3, 4, 2, 5], (6, 8, 5)), ([2, 6, 33], (1, 1, 15)), ([3, 8, 8, 1], (1, 7, 13)),
        ];
        foreach ((int[] shape, (int D, int H, int W) to) in cases)
            new OpCheck { MaxPerturbed = 20, GradientTolerance = 1e-4 }.Run([new(shape)],
                v => Interpolate.Apply(v[0], to, mode, alignCorners),
                x => Interpolated(x[0], Full(shape), [to.D, to.H, to.W], mode, alignCorners, [0, 0, 0]));
    }

    [Fact]
    public void Interpolation_by_a_factor_takes_positions_from_the_factor() =>
        new OpCheck { MaxPerturbed = 20, GradientTolerance = 1e-4 }.Run([new(1, 5, 7, 3)],
            v => Interpolate.ApplyScaled(v[0], (1, 1.5, 2.3), InterpolateMode.Linear),
            x => Interpolated(x[0], [1, 1, 5, 7, 3], [1, 7, 16], InterpolateMode.Linear, false, [1, 1.5, 2.3]));

    /// <summary>Of equal maxima the first gets the whole gradient; a NaN in a window is its maximum.</summary>
    [Fact]
    public void Maximum_of_ties_passes_the_gradient_to_the_first()
    {
        foreach (SimdLevel level in SimdLevels.Available)
        {
            using Device device = CpuDevice.Create(1, level);
            using var store = new ParameterStore();
            var program = new Program(true);
            Value x = program.Input("x", new Shape(1, 2, 4, 1));
            Value pooled = program.Keep(Pool.Apply(x, PoolKind.Max, [2, 2]), "pooled");
            Value row = program.Keep(Reduce.Apply(ReduceKind.Max, Reshape.Apply(x, new Shape(2, 4)), -1), "row");
            var gradients = Gradients.Append(program, [(pooled, null), (row, null)], [x]);
            program.Keep(gradients[x]!, "dx");
            using var plan = new Plan(program, device, store);
            new float[] { 1, 2, 3, 3, 2, 0, 3, 3 }.CopyTo(plan[x].AsSpan());
            plan.Run();
            Assert.Equal([2f, 3f], plan[pooled].AsSpan().ToArray());
            Assert.Equal([0f, 1f, 2f, 0f, 0f, 0f, 1f, 0f], plan[gradients[x]!].AsSpan().ToArray());
            plan[x].AsSpan()[5] = float.NaN;
            plan.Run();
            Assert.True(float.IsNaN(plan[pooled].AsSpan()[0]) && float.IsNaN(plan[row].AsSpan()[1]));
            Assert.Equal(3f, plan[pooled].AsSpan()[1]);
        }
    }

    [Fact]
    public void Pool_refuses_windows_that_do_not_fit()
    {
        Value x = new Program(false).Input("x", new Shape(1, 2, 2, 3));
        Assert.Throws<ShapeException>(() => Pool.Apply(x, PoolKind.Max, [3, 3]));
        Assert.Throws<ShapeException>(() => Pool.Apply(x, PoolKind.Max, [2, 2], padding: [2, 2]));
        Assert.Throws<ShapeException>(() => Interpolate.Apply(x, (2, 4, 4), InterpolateMode.Linear));
    }

    /// <summary>[B, D, H, W, C] with missing axes as 1.</summary>
    static int[] Full(int[] shape) =>
        [shape[0], .. Enumerable.Repeat(1, 5 - shape.Length), .. shape[1..]];

    static double[] Sliding(double[] x, int[] shape, int[] kernel, int[] stride, int[] pad, int[] dilation, bool ceil,
        bool isMax)
    {
        int missing = 3 - kernel.Length;
        T[] Pad<T>(T[] of, T with) => [.. Enumerable.Repeat(with, missing), .. of];
        (int[] k, int[] s, int[] p, int[] d) = (Pad(kernel, 1), Pad(stride, 1), Pad(pad, 0), Pad(dilation, 1));
        int[] full = Full(shape), to = new int[3];
        for (int i = 0; i < 3; i++)
        {
            double room = (full[i + 1] + (2 * p[i]) - (d[i] * (k[i] - 1)) - 1) / (double)s[i];
            to[i] = (int)(ceil ? Math.Ceiling(room) : Math.Floor(room)) + 1;
            if (ceil && (to[i] - 1) * s[i] >= full[i + 1] + p[i])
                to[i]--;
        }
        return Windowed(x, full, to, isMax, (axis, o) =>
        {
            int size = full[axis + 1], start = (o * s[axis]) - p[axis];
            int[] taps = [.. Enumerable.Range(0, k[axis]).Select(t => start + (t * d[axis]))
                .Where(t => t >= 0 && t < size)];
            return (taps, Math.Min(start + k[axis], size + p[axis]) - start);
        });
    }

    static double[] Windowed(double[] x, int[] full, int[] to, bool isMax,
        Func<int, int, (int[] Taps, int Divisor)> window)
    {
        var y = new List<double>();
        for (int b = 0; b < full[0]; b++)
            for (int od = 0; od < to[0]; od++)
                for (int oh = 0; oh < to[1]; oh++)
                    for (int ow = 0; ow < to[2]; ow++)
                        for (int c = 0; c < full[4]; c++)
                        {
                            (int[] ds, int nd) = window(0, od);
                            (int[] hs, int nh) = window(1, oh);
                            (int[] ws, int nw) = window(2, ow);
                            var cells = from d in ds from h in hs from w in ws select x[At(full, b, d, h, w, c)];
                            y.Add(isMax ? cells.Max() : cells.Sum() / (nd * nh * nw));
                        }
        return [.. y];
    }

    static int At(int[] full, int b, int d, int h, int w, int c) =>
        (((((((b * full[1]) + d) * full[2]) + h) * full[3]) + w) * full[4]) + c;

    static double[] Interpolated(double[] x, int[] full, int[] to, InterpolateMode mode, bool alignCorners,
        double[] factor)
    {
        (int Index, double Weight)[] Taps(int axis, int o)
        {
            int from = full[axis + 1];
            double scale = factor[axis] > 0 ? 1 / factor[axis] : (double)from / to[axis];
            if (mode == InterpolateMode.Nearest)
                return [(Math.Min((int)Math.Floor(o * scale), from - 1), 1)];
            double at = alignCorners
                ? to[axis] > 1 ? o * (from - 1.0) / (to[axis] - 1) : 0
                : Math.Max(((o + 0.5) * scale) - 0.5, 0);
            int first = Math.Min((int)at, from - 1), second = Math.Min(first + 1, from - 1);
            return [(first, 1 - (at - first)), (second, at - first)];
        }
        var y = new List<double>();
        for (int b = 0; b < full[0]; b++)
            for (int od = 0; od < to[0]; od++)
                for (int oh = 0; oh < to[1]; oh++)
                    for (int ow = 0; ow < to[2]; ow++)
                        for (int c = 0; c < full[4]; c++)
                            y.Add((from d in Taps(0, od)
                                   from h in Taps(1, oh)
                                   from w in Taps(2, ow)
                                   select d.Weight * h.Weight * w.Weight
                                       * x[At(full, b, d.Index, h.Index, w.Index, c)]).Sum());
        return [.. y];
    }
}
