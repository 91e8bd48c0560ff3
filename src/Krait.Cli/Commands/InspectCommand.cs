using System.CommandLine;
using System.Globalization;
using Krait.Cli.Inspection;
using Krait.Cli.Terminals;
using Krait.Engine;
using Krait.Models;
using Krait.Training.Config;

namespace Krait.Cli.Commands;

/// <summary>Shows what a model is made of and what it costs, without running it.</summary>
static class InspectCommand
{
    static readonly Option<PictureSize?> Size =
        PictureSize.Option("Size of the input [256; 64x64x64 in 3-D].", takesVolumes: true);
    static readonly Option<int?> Batch = OptionParsers.Whole("--batch", 1, 4096, "Pictures at once [1].", "-b");
    static readonly Option<int?> Depth =
        OptionParsers.Whole("--depth", 1, 16, "Levels of names by which layers are gathered [3].");

    public static KraitCommand Create(Terminal terminal)
    {
        var command = new KraitCommand("inspect",
            "Show layers, parameters, multiply-adds, exponentials and memory of a model, without running it.")
        {
            ModelSource.Target, Size, ModelSource.Dims, Batch, Depth, ModelSource.Classes, ModelSource.Channels,
            ModelSource.Options,
        };
        command.Examples =
        [
            "krait inspect vmunet --size 256",
            "krait inspect vmunetv2 --size 192x256 --classes 9 --json",
            "krait inspect vmunet --option depths=[2,2,9,2] --depth 5",
            "krait inspect nnunet --size 64x64x64 --channels 1 --classes 3",
        ];
        command.Does(terminal, Run);
        return command;
    }

    static int Run(CommandContext context)
    {
        (SegmentationModel opened, Shape input) =
            ModelSource.Open(context, context.Get(ModelSource.Target)!, context.Get(Size), context.Get(Batch) ?? 1);
        using SegmentationModel model = opened;
        ModelFacts facts = ModelFacts.Of(model, input, context.Get(Depth) ?? 3);
        if (context.IsJson)
        {
            var json = facts.ToJson();
            json["options"] = model.OptionsJson();
            context.WriteJson(json);
        }
        else
            Write(context, facts);
        return ExitCode.Success;
    }

    static void Write(CommandContext context, ModelFacts facts)
    {
        context.WriteTable($"{facts.Model}, {facts.Input} to {facts.Output}",
            ["layer", "ops", "output", "parameters", "MACs", "exps"],
            facts.Layers.Select(l => new[]
            {
                l.Path, l.Kinds, l.Output, Whole(l.Parameters), ModelSource.Count(l.Macs.Total),
                ModelSource.Count(l.Exps),
            }));
        MacsByClass macs = facts.Macs;
        context.WriteTable(null, ["total", "count"],
        [
            ["parameters", Whole(facts.Parameters)],
            ["MACs", Whole(macs.Total)],
            .. macs.Parts.Select(part => new[] { $"  {part.Name}", Whole(part.Count) }),
            ["MACs executed (dead layers left out)", Whole(facts.ExecutedMacs.Total)],
            ["exponentials", Whole(facts.Exps)],
        ]);
        context.Write($"stochastic depth: {facts.StochasticDepth}");
        context.Write($"memory to predict: weights {ByteSize.Rounded(facts.WeightBytes)}, "
            + $"activations {ByteSize.Rounded(facts.ArenaBytes)} (planned, exact)");
        context.Write(facts.Paper);
    }

    static string Whole(long n) => n.ToString("N0", CultureInfo.InvariantCulture);
}
