using System.Text;

namespace Krait.Engine;

/// <summary>
/// Counter-based randomness: number <c>element</c> of the stream named (seed, step, path, sample) is a pure function
/// of those five, so order of drawing, threads, resume and rewrites of a plan leave it alone.
/// </summary>
/// <remarks>
/// Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. The key holds seed and
/// path; the counter holds element / 4 (64 bits), sample and step; word <c>element % 4</c> of the block is the number.
/// </remarks>
public readonly record struct CounterRng
{
    private const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;
    private readonly ulong key;
    private readonly uint sample, step;

    /// <param name="seed">The run's seed.</param>
    /// <param name="step">Training step or epoch; its low 32 bits count, the rest goes into the key.</param>
    /// <param name="pathHash"><see cref="HashPath"/> of the layer's path or of the purpose ("shuffle").</param>
    /// <param name="sample">Index of the sample within the batch or the data set.</param>
    public CounterRng(ulong seed, ulong step = 0, ulong pathHash = 0, uint sample = 0)
    {
        key = Mix(Mix(seed) + pathHash + Mix(step >> 32));
        this.sample = sample;
        this.step = (uint)step;
    }

    /// <summary>The stream of the same seed, step and sample with another purpose.</summary>
    public CounterRng(ulong seed, ulong step, string path, uint sample = 0)
        : this(seed, step, HashPath(path), sample) { }

    /// <summary>Stable 64-bit hash of a path: FNV-1a over its UTF-8 bytes, then the SplitMix64 finaliser.</summary>
    public static ulong HashPath(ReadOnlySpan<char> path)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(path)];
        Encoding.UTF8.GetBytes(path, bytes);
        ulong hash = 0xCBF29CE484222325;
        foreach (byte b in bytes) hash = (hash ^ b) * 0x100000001B3;
        return Mix(hash);
    }

    /// <summary>32 random bits.</summary>
    public uint Bits(ulong element)
    {
        var (a, b, c, d) = Block(element >> 2);
        return (element & 3) switch { 0 => a, 1 => b, 2 => c, _ => d };
    }

    /// <summary>Uniform on [0, 1): the upper 24 bits, so every value is a float exactly.</summary>
    public float Uniform(ulong element) => (Bits(element) >> 8) * (1f / (1 << 24));

    /// <summary>Uniform on [low, high); the bounds themselves where they are equal.</summary>
    public double Between(ulong element, double low, double high) => low + (high - low) * Uniform(element);

    /// <summary>Uniform on 0 .. count - 1. Bias below count / 2^32.</summary>
    /// <exception cref="ArgumentOutOfRangeException">If count is less than 1.</exception>
    public int Below(ulong element, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return (int)(((ulong)Bits(element) * (uint)count) >> 32);
    }

    /// <summary>Standard normal number (Box and Muller) from words 2 * element and 2 * element + 1.</summary>
    public double Normal(ulong element)
    {
        double u = (Bits(2 * element) + 1.0) / 4294967296.0;
        double v = Bits(2 * element + 1) / 4294967296.0;
        return Math.Sqrt(-2 * Math.Log(u)) * Math.Cos(2 * Math.PI * v);
    }

    /// <summary>Fills with uniform numbers, element <paramref name="first"/> onwards;
    /// one block per four numbers.</summary>
    public void FillUniform(ulong first, Span<float> destination)
    {
        const float Scale = 1f / (1 << 24);
        int i = 0;
        for (; i < destination.Length && ((first + (ulong)i) & 3) != 0; i++)
            destination[i] = Uniform(first + (ulong)i);
        for (; i + 4 <= destination.Length; i += 4)
        {
            var (a, b, c, d) = Block((first + (ulong)i) >> 2);
            destination[i] = (a >> 8) * Scale;
            destination[i + 1] = (b >> 8) * Scale;
            destination[i + 2] = (c >> 8) * Scale;
            destination[i + 3] = (d >> 8) * Scale;
        }
        for (; i < destination.Length; i++) destination[i] = Uniform(first + (ulong)i);
    }

    /// <summary>Fisher-Yates shuffle in place; swap i draws element i.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = Below((ulong)i, i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    private (uint, uint, uint, uint) Block(ulong index) =>
        Philox((uint)index, (uint)(index >> 32), sample, step, (uint)key, (uint)(key >> 32));

    /// <summary>Philox4x32-10: ten rounds on counter (c0..c3) with key (k0, k1).</summary>
    internal static (uint, uint, uint, uint) Philox(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong p0 = (ulong)Multiplier0 * c0, p1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += Weyl0;
            k1 += Weyl1;
        }
        return (c0, c1, c2, c3);
    }

    /// <summary>Finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), a bijection.</summary>
    private static ulong Mix(ulong z)
    {
        z += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
