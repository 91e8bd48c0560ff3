using Krait.Engine;

namespace Krait.Training.Data;

/// <summary>What was drawn for a patch: flips, a turn about each axis, a change of size,
/// contrast and brightness.</summary>
internal readonly record struct PatchMove(bool FlipD, bool FlipH, bool FlipW, double TurnD, double TurnH, double TurnW,
    double Scale, double Contrast, double Shift)
{
    /// <summary>Nothing happens.</summary>
    public static PatchMove None { get; } = new(false, false, false, 0, 0, 0, 1, 1, 0);

    /// <summary>Voxels fall on voxels: no interpolation.</summary>
    public bool IsOnGrid => (TurnD, TurnH, TurnW, Scale) == (0, 0, 0, 1);

    /// <param name="options">Probabilities and limits.</param>
    /// <param name="rng">Numbers of this patch.</param>
    /// <param name="isFlat">One slice: turns stay in it.</param>
    public static PatchMove Draw(AugmentationOptions options, CounterRng rng, bool isFlat)
    {
        bool turns = rng.Uniform(3) < options.RotateProbability, scales = rng.Uniform(4) < options.ScaleProbability;
        double Angle(ulong element) => turns ? rng.Between(element, -options.RotateDegrees, options.RotateDegrees) : 0;
        double limit = Math.Log(1 + options.ScaleBy);
        return new PatchMove(rng.Uniform(0) < options.DepthFlip, rng.Uniform(1) < options.VerticalFlip,
            rng.Uniform(2) < options.HorizontalFlip, Angle(5), isFlat ? 0 : Angle(6), isFlat ? 0 : Angle(7),
            scales ? Math.Exp(rng.Between(8, -limit, limit)) : 1,
            rng.Between(9, 1 - options.Contrast, 1 + options.Contrast),
            rng.Between(10, -options.Brightness, options.Brightness));
    }

    /// <summary>From millimetres about the patch's middle to millimetres about the same point of the volume (D, H, W
    /// order): the turns, then the change of size undone.</summary>
    public double[,] Matrix()
    {
        double[,] m = Product(Product(Turn(TurnD, 1, 2), Turn(TurnH, 0, 2)), Turn(TurnW, 0, 1));
        for (int i = 0; i < 9; i++) m[i / 3, i % 3] /= Scale;
        return m;
    }

    /// <summary>A turn in the plane of two axes.</summary>
    private static double[,] Turn(double degrees, int first, int second)
    {
        var (sin, cos) = Math.SinCos(degrees * Math.PI / 180);
        var m = new double[3, 3];
        for (int i = 0; i < 3; i++) m[i, i] = 1;
        (m[first, first], m[first, second], m[second, first], m[second, second]) = (cos, -sin, sin, cos);
        return m;
    }

    private static double[,] Product(double[,] a, double[,] b)
    {
        var m = new double[3, 3];
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) m[i, j] = a[i, 0] * b[0, j] + a[i, 1] * b[1, j] + a[i, 2] * b[2, j];
        return m;
    }
}
