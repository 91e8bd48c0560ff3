using System.Text.Json;
using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Golden.Tests.Harness;
using Krait.Models;
using Krait.Nn;
using Krait.Nn.Mamba;

namespace Krait.Golden.Tests.Runners;

/// <summary>block.*: the layers that the networks are made of.</summary>
internal static class BlockRunner
{
    public static void Ss2d(RunContext context) =>
        OneInput(context, p => new Nn.Mamba.Ss2d(p, Options(context.Case.Args)));

    public static void Vss(RunContext context) => OneInput(context, p =>
        new VssBlock(p, Options(context.Case.Args), (float)context.Case.Args.Real("drop_path"),
            (float)context.Case.Args.Real("ln_eps")));

    public static void PatchEmbed(RunContext context) => OneInput(context, p => new PatchEmbed(p,
        context.Case.Args.Whole("in_channels"), context.Case.Args.Whole("embed_dim"),
        Square(context.Case.Args.Wholes("patch_size"))));

    public static void PatchMerge(RunContext context) =>
        OneInput(context, p => new PatchMerging(p, context.Case.Args.Whole("dim")));

    /// <summary>Both variants, and the final one: they differ in the order of axes of their input only.</summary>
    public static void PatchExpand(RunContext context)
    {
        JsonElement args = context.Case.Args;
        int scale = args.Whole("dim_scale");
        OneInput(context, p => new PatchExpand(p, args.Whole("in_dim"), scale * scale * args.Whole("out_dim"), scale));
    }

    public static void ChannelAttention(RunContext context) =>
        OneInput(context, p => new ChannelAttention(p, context.Case.Args.Whole("in_channels")));

    public static void SpatialAttention(RunContext context) => OneInput(context,
        p => new SpatialAttention(p, Square(context.Case.Args.Wholes("kernel"))));

    public static void Sdi(RunContext context)
    {
        using var traced = new TracedCase(context);
        JsonElement args = context.Case.Args;
        Value[] maps = [.. Enumerable.Range(1, args.Whole("levels")).Select(i => traced.Input($"input.f{i}"))];
        var fusion = new SdiFusion(new Scope(traced.Store), args.Whole("channels"));
        traced.Check(fusion.Forward(maps, maps[args.Whole("anchor") - 1]));
    }

    /// <summary>
    /// The four walks one by one: the sum of all four with C and the skip of the other three set to zero.
    /// </summary>
    public static void Ss2dCore(RunContext context)
    {
        using var traced = new TracedCase(context);
        JsonElement args = context.Case.Args;
        // The whole block, since the state dictionary has all of it.
        _ = new Nn.Mamba.Ss2d(new Scope(traced.Store), Options(args));
        Value x = traced.Input();
        int d = args.Whole("d_inner"), n = args.Whole("d_state"), r = args.Whole("dt_rank"), width = r + (2 * n);
        Value parameter(string name) => traced.Program.Parameter(traced.Store.Find(name)!);
        Value projected = MatMul.Apply(x, Reshape.Apply(parameter("x_proj_weight"), new Shape(4 * width, d)));
        string[] stack = args.Texts("stack_order");
        traced.Check([.. args.Texts("output_order").Select(name =>
        {
            int k = Array.IndexOf(stack, name);
            Value keepC = traced.Constant($"c.{name}", new Shape(4 * width),
                i => i / width == k || i % width < r + n ? 1 : 0);
            Value keepD = traced.Constant($"d.{name}", new Shape(4 * d), i => i / d == k ? 1 : 0);
            Value y = Engine.Ops.Ss2d.Apply(x, Binary.Apply(BinaryKind.Mul, projected, keepC),
                parameter("dt_projs_weight"), parameter("dt_projs_bias"), parameter("A_logs"),
                Binary.Apply(BinaryKind.Mul, parameter("Ds"), keepD));
            return Reshape.Apply(y, new Shape(x.Shape.Batch, checked((int)x.Shape.RowsPerSample), d));
        })]);
    }

    public static void Mamba1d(RunContext context) =>
        OneInput(context, p => new Nn.Mamba.Mamba1d(p, SequenceOptions(context.Case.Args)));

    public static void MambaLayer(RunContext context)
    {
        Mamba1dOptions mamba = SequenceOptions(context.Case.Args.Part("mamba"));
        OneInput(context, p => new MambaLayer(p, mamba.Width, context.Case.Args.Whole("output_dim"),
            s => new Nn.Mamba.Mamba1d(s / "mamba", mamba)));
    }

    static void OneInput(RunContext context, Func<Scope, Layer> layer)
    {
        using var traced = new TracedCase(context);
        Value x = traced.Input();
        traced.Check(layer(new Scope(traced.Store)).Forward(x));
    }

    static Ss2dOptions Options(JsonElement args) => new(args.Whole("d_model"), args.Whole("d_state"),
        args.Whole("expand"), args.Whole("d_conv"), args.Whole("dt_rank"));

    static Mamba1dOptions SequenceOptions(JsonElement args) => new(args.Whole("d_model"), args.Whole("d_state"),
        args.Whole("expand"), args.Whole("d_conv"), args.Whole("dt_rank"));

    static int Square(int[] sides) => sides.Distinct().Count() == 1
        ? sides[0]
        : throw new NotSupportedException($"kernels and patches are square; got {string.Join(" x ", sides)}.");
}
