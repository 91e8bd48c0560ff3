using System.Runtime.CompilerServices;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Kernels;

public static unsafe partial class SelectiveScanChunk<L, V>
    where L : struct, ILanes<V>
    where V : struct
{
    const float LargestBoundedExponent = 126f;

    /// <summary>Beyond it fifth powers of a rate might overflow, and those that underflow might matter.</summary>
    const float LargestFactor = 1e6f;

    /// <summary>
    /// How the decays 2^(delta A2) of a chunk are computed, four registers side by side: by the cheapest way that is
    /// right for all exponents of the chunk. Few decays of a network lie below 1/16, where the exponent must be split.
    /// </summary>
    interface IPower
    {
        /// <summary>What delta is multiplied by, so that x = scaled delta * A2.</summary>
        static abstract V Scale(V delta);

        static abstract (V X0, V X1, V X2, V X3) Exp2(V x0, V x1, V x2, V x3);
    }

    /// <summary>|delta A2| &lt;= 126.</summary>
    readonly struct BoundedPower : IPower
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Scale(V delta) => delta;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static (V X0, V X1, V X2, V X3) Exp2(V x0, V x1, V x2, V x3) =>
            VectorMath<L, V>.Exp2Bounded(x0, x1, x2, x3);
    }

    /// <summary>-2^S &lt;= delta A2 &lt;= 0, by S squarings: 2^x = (2^(x / 2^S))^(2^S).</summary>
    readonly struct UnitPower<S> : IPower where S : struct, ICount
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Scale(V delta) => S.Value == 0 ? delta : L.Mul(delta, L.Set(1f / (1 << S.Value)));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static (V X0, V X1, V X2, V X3) Exp2(V x0, V x1, V x2, V x3)
        {
            (x0, x1, x2, x3) = VectorMath<L, V>.Exp2Unit(x0, x1, x2, x3);
            for (int i = 0; i < S.Value; i++)
                (x0, x1, x2, x3) = (L.Mul(x0, x0), L.Mul(x1, x1), L.Mul(x2, x2), L.Mul(x3, x3));
            return (x0, x1, x2, x3);
        }
    }

    /// <summary>The steps of one register of channels in a chunk: their range, and whether all are numbers.</summary>
    readonly struct StepRange
    {
        readonly V largest, smallest, sound;

        public StepRange(int steps, float* delta)
        {
            V low = L.Zero, high = L.Zero, numbers = L.EqualTo(low, low);
            for (int i = 0; i < steps; i++, delta += Channels)
            {
                V d = L.Load(delta);
                low = L.Min(low, d);
                high = L.Max(high, d);
                numbers = L.AndBits(numbers, L.EqualTo(d, d));
            }
            (smallest, largest, sound) = (low, high, numbers);
        }

        /// <summary>
        /// The largest |delta A2| of so many states; infinity where one is NaN or a factor is beyond 10^6, at least 8
        /// where one may be above 0.
        /// </summary>
        public float Reach(int states, float* a2)
        {
            V low = L.Zero, high = L.Zero, rates = sound;
            for (int n = 0; n < states; n++)
            {
                V rate = L.Load(a2 + (n * Channels));
                low = L.Min(low, rate);
                high = L.Max(high, rate);
                rates = L.AndBits(rates, L.EqualTo(rate, rate));
            }
            V step = L.Max(largest, L.Negate(smallest)), fastest = L.Max(high, L.Negate(low)), x = L.Mul(step, fastest);
            V rising = L.Greater(L.Max(high, L.Negate(smallest)), L.Zero);
            x = L.Select(rising, L.Max(x, L.Set(8f)), x);
            rates = L.AndBits(rates, L.Greater(L.Set(LargestFactor), L.Max(step, fastest)));
            return L.MaxLane(L.Select(rates, x, L.Set(float.PositiveInfinity)));
        }
    }
}
