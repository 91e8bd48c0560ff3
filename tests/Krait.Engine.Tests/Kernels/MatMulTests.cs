using System.Runtime.Intrinsics;
using Krait.Engine.Kernels;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Tests.Kernels;

/// <summary>
/// Packed products against a loop in double. The 512-bit body runs everywhere, in software where the machine lacks
/// it, so that the tiles of 14 rows are tested on every machine.
/// </summary>
public sealed unsafe class MatMulTests
{
    public static TheoryData<SimdLevel, int, int, int> Shapes()
    {
        var shapes = new TheoryData<SimdLevel, int, int, int>();
        foreach (SimdLevel level in Enum.GetValues<SimdLevel>())
        {
            foreach ((int m, int k, int n) in new[]
            {
                (1, 1, 1), (1, 5, 33), (2, 3, 7), (3, 17, 16), (5, 8, 31), (6, 9, 32), (7, 33, 40), (13, 1, 17),
                (14, 10, 64), (15, 7, 2), (29, 65, 152), (64, 96, 24), (127, 20, 48), (4, 0, 9), (3, 385, 18),
                (17, 800, 35), (8, 400, 8), (12, 400, 3), (30, 70, 1),
            })
                shapes.Add(level, m, k, n);
        }
        return shapes;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Product_with_bias_equals_the_loop_in_double(SimdLevel level, int m, int k, int n) =>
        OnLevel(level, new ForwardCase(m, k, n, Transposed: false, Bias: true, Addend: false));

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Product_with_torch_weights_and_addend_equals_the_loop_in_double(SimdLevel level, int m, int k, int n) =>
        OnLevel(level, new ForwardCase(m, k, n, Transposed: true, Bias: false, Addend: true));

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Product_over_rows_equals_the_loop_in_double(SimdLevel level, int m, int k, int n)
    {
        OnLevel(level, new TransposedCase(m, k, n, Accumulate: false));
        OnLevel(level, new TransposedCase(m, k, n, Accumulate: true));
    }

    [Theory]
    [InlineData(SimdLevel.Vector256)]
    [InlineData(SimdLevel.Vector512)]
    public void Handing_out_rows_and_panels_differently_changes_no_bit(SimdLevel level) =>
        OnLevel(level, new PartitionCase());

    static void OnLevel<T>(SimdLevel level, T test) where T : ICase
    {
        switch (level)
        {
            case SimdLevel.Vector512:
                test.Run<Lanes512, Vector512<float>>();
                break;
            case SimdLevel.Vector256:
                test.Run<Lanes256, Vector256<float>>();
                break;
            case SimdLevel.Vector128:
                test.Run<Lanes128, Vector128<float>>();
                break;
            default:
                test.Run<LanesScalar, float>();
                break;
        }
    }

    interface ICase
    {
        void Run<L, V>() where L : struct, ILanes<V> where V : struct;
    }

    sealed record ForwardCase(int M, int K, int N, bool Transposed, bool Bias, bool Addend) : ICase
    {
        public void Run<L, V>() where L : struct, ILanes<V> where V : struct
        {
            int aStride = K + 3, yStride = N + 5, bColumns = Transposed ? K : N, bRows = Transposed ? N : K;
            int bStride = bColumns + 2;
            using Guarded a = new Guarded((long)M * aStride).Randomize(1);
            using Guarded b = new Guarded((long)bRows * bStride + 1).Randomize(2);
            using Guarded bias = new Guarded(N).Randomize(3);
            using Guarded y = new Guarded((long)M * yStride).Randomize(4).GuardBetweenRows(N, yStride);
            using var packed = new Guarded(MatMulPack<L, V>.Floats(K, N) + 1);
            long step = Transposed ? 1 : bStride, column = Transposed ? bStride : 1;

            var expected = new double[M * N];
            for (int m = 0; m < M; m++)
            {
                for (int n = 0; n < N; n++)
                {
                    double sum = (Bias ? bias.Data[n] : 0) + (Addend ? y.Data[m * yStride + n] : 0);
                    for (int k = 0; k < K; k++)
                        sum += (double)a.Data[m * aStride + k] * b.Data[k * step + n * column];
                    expected[m * N + n] = sum;
                }
            }

            long panels = MatMulPack<L, V>.Panels(N);
            long panelStride = MatMulTile<L, V>.PanelWidth * K;
            MatMulPack<L, V>.Panels(b.Data, step, column, K, N, 0, panels, packed.Data, panelStride);
            MatMul<L, V>.Forward(
                a.Data, aStride, 1, K, packed.Data, N, Bias ? bias.Data : null, Addend ? y.Data : null, yStride,
                0, M, 0, panels, y.Data, yStride);

            y.AssertEqual(expected, N, yStride, 2e-6);
            y.AssertUntouched();
            packed.AssertUntouched();
        }
    }

    sealed record TransposedCase(int M, int K, int N, bool Accumulate) : ICase
    {
        public void Run<L, V>() where L : struct, ILanes<V> where V : struct
        {
            int aStride = M + 1, bStride = N + 4, yStride = N + 3;
            using Guarded a = new Guarded((long)K * aStride).Randomize(5);
            using Guarded b = new Guarded((long)K * bStride).Randomize(6);
            using Guarded y = new Guarded((long)M * yStride).Randomize(7).GuardBetweenRows(N, yStride);
            using var scratch = new Guarded(MatMul<L, V>.TransposedScratchFloats(M));

            var expected = new double[M * N];
            for (int m = 0; m < M; m++)
            {
                for (int n = 0; n < N; n++)
                {
                    double sum = Accumulate ? y.Data[m * yStride + n] : 0;
                    for (int k = 0; k < K; k++)
                        sum += (double)a.Data[k * aStride + m] * b.Data[k * bStride + n];
                    expected[m * N + n] = sum;
                }
            }

            int middle = M / 2;
            foreach ((int first, int last) in new[] { (0, middle), (middle, M) })
                MatMul<L, V>.Transposed(
                    a.Data, aStride, b.Data, bStride, K, first, last, M, 0, N, Accumulate, scratch.Data,
                    y.Data, yStride);

            y.AssertEqual(expected, N, yStride, 2e-6);
            y.AssertUntouched();
            scratch.AssertUntouched();
        }
    }

    sealed record PartitionCase : ICase
    {
        public void Run<L, V>() where L : struct, ILanes<V> where V : struct
        {
            const int m = 131, k = 500, n = 101;
            using Guarded a = new Guarded(m * k).Randomize(8);
            using Guarded packed = new Guarded(MatMulPack<L, V>.Floats(k, n)).Randomize(9);
            using var whole = new Guarded(m * n);
            using var parts = new Guarded(m * n);
            long panels = MatMulPack<L, V>.Panels(n);
            MatMul<L, V>.Forward(
                a.Data, k, 1, k, packed.Data, n, null, null, 0, 0, m, 0, panels, whole.Data, n);
            for (int row = 0; row < m; row += 37)
            {
                for (long p = 0; p < panels; p++)
                    MatMul<L, V>.Forward(
                        a.Data, k, 1, k, packed.Data, n, null, null, 0, row, Math.Min(m, row + 37), p, p + 1,
                        parts.Data, n);
            }
            Assert.True(whole.Span.SequenceEqual(parts.Span));
        }
    }
}
