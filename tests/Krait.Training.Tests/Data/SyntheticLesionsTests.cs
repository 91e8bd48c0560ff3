using Krait.Training.Data;

namespace Krait.Training.Tests.Data;

public sealed class SyntheticLesionsTests
{
    [Fact]
    public void A_picture_is_a_function_of_seed_and_number()
    {
        var (a, maskA) = SyntheticLesions.Draw(1, 5, 48);
        var (b, maskB) = SyntheticLesions.Draw(1, 5, 48);
        Assert.Equal(a.Bytes, b.Bytes);
        Assert.Equal(maskA.Bytes, maskB.Bytes);
        Assert.NotEqual(a.Bytes, SyntheticLesions.Draw(2, 5, 48).Picture.Bytes);
        Assert.NotEqual(a.Bytes, SyntheticLesions.Draw(1, 6, 48).Picture.Bytes);
    }

    [Fact]
    public void Lesions_are_of_many_sizes_and_darker_than_skin_but_not_by_a_fixed_threshold()
    {
        var shares = new List<double>();
        var thresholdDice = new List<double>();
        for (int i = 0; i < 24; i++)
        {
            var (picture, mask) = SyntheticLesions.Draw(7, i, 64);
            byte[] grey = picture.ToGrey8();
            int area = mask.Bytes.Count(v => v == 255);
            Assert.All(mask.Bytes, v => Assert.True(v is 0 or 255));
            shares.Add((double)area / grey.Length);
            int hit = 0, dark = 0;
            for (int p = 0; p < grey.Length; p++)
            {
                if (grey[p] >= 110) continue;
                dark++;
                if (mask.Bytes[p] == 255) hit++;
            }
            thresholdDice.Add(2.0 * hit / (dark + area));
        }
        Assert.InRange(shares.Min(), 0.005, 0.1);
        Assert.InRange(shares.Max(), 0.15, 0.6);
        Assert.InRange(thresholdDice.Average(), 0.1, 0.7);
    }
}
