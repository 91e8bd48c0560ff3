using System.Text.Json;
using System.Text.Json.Nodes;
using Krait.Engine.Programs;
using Krait.Golden.Tests.Harness;
using Krait.Models;

namespace Krait.Golden.Tests.Runners;

/// <summary>model.*: whole networks.</summary>
internal static class ModelRunner
{
    public static void Run(RunContext context)
    {
        using SegmentationModel model = Create(context.Case.Kind, context.Case.Args);
        using var traced = new TracedCase(context, model.Store);
        traced.Check(model.Forward(traced.Input()));
    }

    /// <summary>The network that a case's kind and args describe, with values still to be loaded.</summary>
    public static SegmentationModel Create(string kind, JsonElement args)
    {
        int[] dims = args.Wholes("dims");
        if (!dims.Select((d, i) => d == dims[0] << i).All(doubles => doubles) || args.Whole("ssm_expand") != 2
            || args.Whole("d_conv") != 3 || args.Wholes("patch_size").Any(p => p != 4) || args.Real("norm_eps") != 1e-5)
            throw new NotSupportedException($"{kind}: not a published network: {args}");
        var options = new JsonObject
        {
            ["inputChannels"] = args.Whole("input_channels"),
            ["classes"] = args.Whole("num_classes"),
            ["depths"] = Array(args.Wholes("depths")),
            ["width"] = dims[0],
            ["states"] = args.Whole("d_state"),
            ["dropPathRate"] = args.Real("drop_path_rate"),
        };
        switch (kind)
        {
            case "model.vmunet":
                options["depthsDecoder"] = Array(args.Wholes("depths_decoder"));
                break;
            case "model.vmunetv2":
                options["midChannels"] = args.Whole("mid_channel");
                options["deepSupervision"] = args.Flag("deep_supervision");
                break;
            default:
                throw new NotSupportedException($"{kind} is no network that Krait has.");
        }
        return ModelRegistry.Create(kind["model.".Length..], options);
    }

    static JsonArray Array(int[] numbers) => [.. numbers.Select(n => (JsonNode)n)];
}
