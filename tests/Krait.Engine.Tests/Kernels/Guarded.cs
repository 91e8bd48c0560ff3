using System.Runtime.InteropServices;

namespace Krait.Engine.Tests.Kernels;

/// <summary>Unmanaged floats between two guard bands, so that a kernel that writes beside its output is seen.</summary>
sealed unsafe class Guarded : IDisposable
{
    const int Band = 64;
    const float Mark = -12345.678f;
    readonly float* memory;
    readonly bool[] untouched;

    public Guarded(long length)
    {
        Length = length;
        memory = (float*)NativeMemory.AlignedAlloc((nuint)((length + 2 * Band) * sizeof(float)), 64);
        new Span<float>(memory, (int)length + 2 * Band).Fill(Mark);
        untouched = new bool[length];
    }

    public long Length { get; }

    public float* Data => memory + Band;

    public Span<float> Span => new(Data, (int)Length);

    /// <summary>Fills with values in [-1, 1) that depend on the seed alone.</summary>
    public Guarded Randomize(int seed)
    {
        var random = new System.Random(seed);
        foreach (ref float x in Span)
            x = (float)(random.NextDouble() * 2 - 1);
        return this;
    }

    /// <summary>Marks the columns from <paramref name="width"/> on of rows <paramref name="stride"/> apart.</summary>
    public Guarded GuardBetweenRows(long width, long stride)
    {
        for (long i = 0; i < Length; i++)
        {
            if (i % stride < width)
                continue;
            Data[i] = Mark;
            untouched[i] = true;
        }
        return this;
    }

    public void AssertUntouched()
    {
        for (int i = 0; i < Band; i++)
        {
            Assert.Equal(Mark, memory[i]);
            Assert.Equal(Mark, Data[Length + i]);
        }
        for (long i = 0; i < Length; i++)
        {
            if (untouched[i])
                Assert.Equal(Mark, Data[i]);
        }
    }

    /// <summary>Compares rows [count, width] with the oracle, relative to the size of the terms summed.</summary>
    public void AssertEqual(double[] expected, long width, long stride, double tolerance)
    {
        double scale = Math.Max(1e-30, expected.Max(Math.Abs));
        for (long i = 0; i < expected.Length; i++)
        {
            double actual = Data[i / width * stride + i % width];
            Assert.True(
                Math.Abs(actual - expected[i]) <= tolerance * scale,
                $"row {i / width}, column {i % width}: {actual} instead of {expected[i]}");
        }
    }

    public void Dispose() => NativeMemory.AlignedFree(memory);
}
