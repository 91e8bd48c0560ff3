namespace Krait.Engine.Tests;

public sealed class CounterRngTests
{
    /// <summary>Known answers published with the Random123 library (file kat_vectors, philox4x32 10 rounds).</summary>
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu,
        0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u,
        0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Philox_gives_the_published_known_answers(
        uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint r0, uint r1, uint r2, uint r3) =>
        Assert.Equal((r0, r1, r2, r3), CounterRng.Philox(c0, c1, c2, c3, k0, k1));

    [Fact]
    public void Every_part_of_the_key_changes_the_numbers()
    {
        var streams = new[]
        {
            new CounterRng(1, 2, "a", 3), new CounterRng(2, 2, "a", 3), new CounterRng(1, 3, "a", 3),
            new CounterRng(1, 2, "b", 3), new CounterRng(1, 2, "a", 4), new CounterRng(1, 2 + (1UL << 32), "a", 3),
        };
        var words = streams.SelectMany(s => Enumerable.Range(0, 8).Select(i => s.Bits((ulong)i))).ToList();
        Assert.Equal(words.Count, words.Distinct().Count());
        Assert.Equal(new CounterRng(1, 2, "a", 3).Bits(5), streams[0].Bits(5));
    }

    [Theory]
    [InlineData(0UL, 17)]
    [InlineData(3UL, 1)]
    [InlineData(5UL, 64)]
    [InlineData(0xFFFFFFFFEUL, 9)]
    public void Filling_equals_drawing_one_by_one(ulong first, int count)
    {
        var rng = new CounterRng(7, 1, "fill");
        var filled = new float[count];
        rng.FillUniform(first, filled);
        for (int i = 0; i < count; i++) Assert.Equal(rng.Uniform(first + (ulong)i), filled[i]);
    }

    [Fact]
    public void Uniform_and_normal_have_their_moments()
    {
        var rng = new CounterRng(42);
        const int Count = 200_000;
        double sum = 0, squares = 0, normal = 0, normalSquares = 0;
        for (ulong i = 0; i < Count; i++)
        {
            double u = rng.Uniform(i), z = rng.Normal(i);
            Assert.InRange(u, 0, 1 - 1e-9);
            sum += u;
            squares += u * u;
            normal += z;
            normalSquares += z * z;
        }
        Assert.Equal(0.5, sum / Count, 0.004);
        Assert.Equal(1.0 / 3, squares / Count, 0.004);
        Assert.Equal(0, normal / Count, 0.01);
        Assert.Equal(1, normalSquares / Count, 0.02);
    }

    [Fact]
    public void Shuffle_is_a_permutation_that_repeats_and_moves_most_items()
    {
        int[] first = [.. Enumerable.Range(0, 500)], second = [.. first];
        new CounterRng(3, 4, "shuffle").Shuffle<int>(first);
        new CounterRng(3, 4, "shuffle").Shuffle<int>(second);
        Assert.Equal(first, second);
        Assert.Equal(Enumerable.Range(0, 500), first.Order());
        Assert.True(first.Where((x, i) => x == i).Count() < 10);
    }

    [Fact]
    public void Below_reaches_every_value_about_equally()
    {
        var rng = new CounterRng(11);
        var counts = new int[7];
        for (ulong i = 0; i < 70_000; i++) counts[rng.Below(i, 7)]++;
        Assert.All(counts, c => Assert.InRange(c, 9_500, 10_500));
        Assert.Throws<ArgumentOutOfRangeException>(() => rng.Below(0, 0));
    }
}
