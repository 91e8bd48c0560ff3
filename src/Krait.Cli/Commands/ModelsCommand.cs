using System.Text.Json.Nodes;
using Krait.Cli.Inspection;
using Krait.Cli.Terminals;
using Krait.Engine;
using Krait.Models;

namespace Krait.Cli.Commands;

/// <summary>Lists the models.</summary>
static class ModelsCommand
{
    public static KraitCommand Create(Terminal terminal)
    {
        var command = new KraitCommand("models", "List the models with their papers and default options.")
        {
            Examples = ["krait models", "krait models --json"],
        };
        command.Does(terminal, Run);
        return command;
    }

    /// <summary>The side of the picture at which all models are counted.</summary>
    const int Side = 256;

    static int Run(CommandContext context)
    {
        if (context.IsJson)
            context.WriteJson(new JsonArray([.. ModelRegistry.All.Select(m => (JsonNode)ToJson(m))]));
        else
            foreach (ModelInfo model in ModelRegistry.All)
                Write(context, model);
        return ExitCode.Success;
    }

    static JsonObject ToJson(ModelInfo info)
    {
        using SegmentationModel model = info.Build(null);
        ModelFacts facts = Facts(model);
        return new JsonObject
        {
            ["id"] = info.Id,
            ["title"] = info.Title,
            ["paper"] = info.Paper,
            ["summary"] = info.Summary,
            ["parameters"] = facts.Parameters,
            ["macs_at_256"] = facts.Macs.Total,
            ["macs_by_class_at_256"] = ModelFacts.ByClass(facts.Macs),
            ["stochastic_depth"] = facts.StochasticDepth,
            ["options"] = model.OptionsJson(),
        };
    }

    static void Write(CommandContext context, ModelInfo info)
    {
        using SegmentationModel model = info.Build(null);
        ModelFacts facts = Facts(model);
        string[] kinds =
            [.. facts.Macs.Parts.Where(p => p.Count > 0).Select(p => $"{p.Name} {ModelSource.Count(p.Count)}")];
        context.Write($"{info.Id}: {info.Title}, {info.Summary}");
        context.Write($"  {info.Paper}");
        context.Write($"  {ModelSource.Count(facts.Parameters)} parameters; at {Side} x {Side} "
            + $"{ModelSource.Count(facts.Macs.Total)} MACs: {string.Join(", ", kinds)}; "
            + $"stochastic depth {facts.StochasticDepth}");
        context.Write($"  options: {model.OptionsJson().ToJsonString()}");
    }

    static ModelFacts Facts(SegmentationModel model) =>
        ModelFacts.Of(model, new Shape(1, Side, Side, model.InputChannels), depth: 1);
}
