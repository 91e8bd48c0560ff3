using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Krait.Engine.Kernels.Simd;

/// <summary>Masks of the first n lanes, as a window into sixteen set words followed by sixteen empty ones.</summary>
public static unsafe class LaneMask
{
    const int MaxLanes = 16;

    static readonly float* Words = Fill();

    /// <summary>Load a whole register from here: its first <paramref name="n"/> lanes (0 to 16) are all ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float* First(int n) => Words + MaxLanes - n;

    static float* Fill()
    {
        int* words = (int*)NativeMemory.AlignedAlloc(2 * MaxLanes * sizeof(int), 64);
        for (int i = 0; i < 2 * MaxLanes; i++)
            words[i] = i < MaxLanes ? -1 : 0;
        return (float*)words;
    }
}
