namespace Krait.Models;

/// <summary>
/// Options of the networks that follow an nnU-Net plan: a stage is a number of channels, the step by which its first
/// convolution shrinks the picture, and the extents of its kernels, one number a spatial axis.
/// </summary>
/// <remarks>
/// Isensee et al., nnU-Net, Nature Methods 18 (2021). The plan depends on the data; what is left empty is the plan for
/// pictures of 320 x 320 (7 stages, 32 to 512 channels), or for volumes of 40 x 224 x 192 (6 stages, 32 to 320).
/// </remarks>
public abstract record StagedOptions : ModelOptions
{
    const int MostChannels2d = 512, MostChannels3d = 320;

    /// <summary>Spatial axes: 2 for pictures, 3 for volumes.</summary>
    public int Dims { get; init; } = 2;

    /// <summary>Channels of each stage, finest first.</summary>
    public int[] Features { get; init; } = [];

    /// <summary>Step of each stage along each axis; the first stage keeps the size.</summary>
    public int[][] Strides { get; init; } = [];

    /// <summary>Odd extents of each stage's kernels along each axis.</summary>
    public int[][] Kernels { get; init; } = [];

    /// <summary>Whether convolutions have a bias (which the norm behind it takes away again).</summary>
    public bool ConvBias { get; init; } = true;

    /// <summary>Whether every scale of the decoder but the deepest yields logits in training.</summary>
    public bool DeepSupervision { get; init; } = true;

    internal int Stages => Features.Length;

    /// <summary>Channels that come into a stage of the encoder.</summary>
    internal int Before(int stage) => stage == 0 ? InputChannels : Features[stage - 1];

    /// <summary>Product of all steps along each axis.</summary>
    internal (int D, int H, int W) Shrinkage
    {
        get
        {
            int along(int axis) => axis < 0 ? 1 : Strides.Aggregate(1, (n, s) => n * s[axis]);
            return (along(Dims - 3), along(Dims - 2), along(Dims - 1));
        }
    }

    /// <summary>One for each spatial axis.</summary>
    internal int[] Ones => [.. Enumerable.Repeat(1, Dims)];

    /// <summary>The same options with the default plan in the place of what is empty.</summary>
    protected StagedOptions Planned(string model)
    {
        CheckCommon(model);
        Require(Dims is 2 or 3, model, "dims is 2 or 3", Dims);
        int stages = new[] { Features.Length, Strides.Length, Kernels.Length, Dims == 2 ? 7 : 6 }.First(n => n > 0);
        int most = Dims == 2 ? MostChannels2d : MostChannels3d;
        StagedOptions planned = this with
        {
            Features = Features.Length > 0 ? Features
                : [.. Enumerable.Range(0, stages).Select(s => Math.Min(most, 32 << Math.Min(s, 20)))],
            Strides = Strides.Length > 0 ? Strides
                : [.. Enumerable.Range(0, stages).Select(s => DefaultStride(s, stages))],
            Kernels = Kernels.Length > 0 ? Kernels : [.. Enumerable.Range(0, stages).Select(DefaultKernel)],
        };
        planned.CheckPlan(model);
        return planned;
    }

    /// <summary>One count a stage, such as blocks: the default repeated where empty.</summary>
    protected static int[] PerStage(string model, string name, int[] counts, int stages, int missing)
    {
        int[] filled = counts.Length > 0 ? counts : [.. Enumerable.Repeat(missing, stages)];
        Require(filled.Length == stages && filled.All(n => n is >= 1 and <= MostBlocks), model,
            $"{name} are {stages} numbers from 1 to {MostBlocks}", Text(filled));
        return filled;
    }

    void CheckPlan(string model)
    {
        Require(Stages is >= 2 and <= 12, model, "features are 2 to 12 numbers, one a stage", Text(Features));
        Require(Features.All(f => f is >= 1 and <= MostChannels), model, $"features lie in [1, {MostChannels}]",
            Text(Features));
        CheckAxes(model, "strides", Strides, n => n >= 1, "at least 1");
        CheckAxes(model, "kernels", Kernels, n => n >= 1 && n % 2 == 1, "odd");
        Require(Strides[0].All(n => n == 1), model, "the first stage has strides of 1", Text(Strides));
        Require(Strides.All(s => s.All(n => n <= 16)) && Kernels.All(k => k.All(n => n <= 15)), model,
            "strides are at most 16 and kernels at most 15", $"{Text(Strides)}, {Text(Kernels)}");
    }

    void CheckAxes(string model, string name, int[][] axes, Func<int, bool> holds, string rule) =>
        Require(axes.Length == Stages && axes.All(a => a is not null && a.Length == Dims && a.All(holds)), model,
            $"{name} are {Stages} lists, one a stage, of {Dims} numbers, each {rule}", Text(axes));

    int[] DefaultStride(int stage, int stages) => (stage, Dims) switch
    {
        (0, _) => Ones,
        (_, 3) when stage == 1 || stage == stages - 1 => [1, 2, 2],
        _ => [.. Enumerable.Repeat(2, Dims)],
    };

    int[] DefaultKernel(int stage) => stage == 0 && Dims == 3 ? [1, 3, 3] : [.. Enumerable.Repeat(3, Dims)];

    /// <summary>"[1, 2]", "[[1, 1], [2, 2]]" for messages.</summary>
    protected static string Text(int[] numbers) => $"[{string.Join(", ", numbers)}]";

    protected static string Text(int[][] lists) =>
        $"[{string.Join(", ", lists.Select(l => l is null ? "null" : Text(l)))}]";
}
