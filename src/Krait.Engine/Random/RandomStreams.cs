namespace Krait.Engine;

/// <summary>The streams of one layer in one step: one for each sample of the batch.</summary>
public readonly record struct RandomStreams(ulong Seed, long Step, ulong PathHash, int FirstSample)
{
    /// <summary>The stream of sample <paramref name="index"/> of this batch.</summary>
    public CounterRng Of(int index) => new(Seed, (ulong)Step, PathHash, (uint)(FirstSample + index));
}
