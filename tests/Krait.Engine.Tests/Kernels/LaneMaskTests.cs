using System.Runtime.Intrinsics;
using Krait.Engine.Kernels.Simd;

namespace Krait.Engine.Tests.Kernels;

public sealed unsafe class LaneMaskTests
{
    [Fact]
    public void First_lanes_are_loaded_and_stored_and_no_others()
    {
        foreach (SimdLevel level in SimdLevels.Available)
        {
            switch (level)
            {
                case SimdLevel.Vector512: Check<Lanes512, Vector512<float>>(); break;
                case SimdLevel.Vector256: Check<Lanes256, Vector256<float>>(); break;
                case SimdLevel.Vector128: Check<Lanes128, Vector128<float>>(); break;
                default: Check<LanesScalar, float>(); break;
            }
        }
    }

    static void Check<L, V>() where L : struct, ILanes<V> where V : struct
    {
        float* source = stackalloc float[16], target = stackalloc float[16];
        for (int n = 0; n <= L.Count; n++)
        {
            for (int i = 0; i < 16; i++)
                (source[i], target[i]) = (i + 1, -1);
            V x = L.LoadFirst(source, n);
            L.StoreFirst(x, target, n);
            for (int i = 0; i < 16; i++)
                Assert.Equal(i < n ? i + 1 : -1, target[i]);
            Assert.Equal(n * (n + 1) / 2, L.Sum(x));
        }
    }
}
