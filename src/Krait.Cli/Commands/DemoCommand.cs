using System.CommandLine;
using System.Globalization;
using Krait.Cli.Terminals;
using Krait.Training;
using Krait.Training.Config;
using Krait.Training.Data;

namespace Krait.Cli.Commands;

/// <summary>The main job on a small default: draws lesions, trains a narrow VM-UNetV2,
/// scores it on unseen pictures.</summary>
static class DemoCommand
{
    /// <summary>About two minutes on two cores; every setting can be changed by the flags of train.</summary>
    const string Defaults = """
        model: { id: vmunetv2, options: { depths: [1, 1, 2, 1], width: 24, midChannels: 16 } }
        preprocessing: { size: 96 }
        optimizer: { lr: 0.002 }
        epochs: 30
        batch: 8
        sample_every: 10
        """;

    const int Side = 96, Train = 160, Val = 32, Test = 48;

    public static KraitCommand Create(Terminal terminal)
    {
        var command = new KraitCommand("demo",
            "Draw pictures, train a narrow VM-UNetV2 for about two minutes, score it on pictures it has not seen.");
        TrainOptions.AddTo(command);
        command.Examples =
        [
            "krait demo",
            "krait demo --data kvasir-seg",
            "krait demo --epochs 60 --seed 7",
        ];
        command.Does(terminal, Run);
        return command;
    }

    static int Run(CommandContext context)
    {
        var settings = TrainOptions.Settings(context);
        TrainConfig config = TrainConfig.Resolve(Defaults, "demo", settings);
        if (config.Data.Root is null)
        {
            string root = Path.Combine(config.Runs, string.Create(CultureInfo.InvariantCulture,
                $"demo-lesions-s{config.Seed}"));
            context.Note($"draw   {Train} + {Val} + {Test} synthetic lesions of {Side} x {Side} (seed {config.Seed}) " +
                $"to {root}");
            SyntheticLesions.Write(root, config.Seed, Train, Val, Test, Side);
            config = config with { Data = config.Data with { Root = root } };
        }
        using var view = new TrainView(context);
        TrainResult result = Trainer.Run(config, context.CommandLine, view, context.Stop);
        int code = view.Finish(result);
        if (code == ExitCode.Success && !context.IsJson)
            Explain(context, result);
        return code;
    }

    static void Explain(CommandContext context, TrainResult result)
    {
        string part = Directory.Exists(Path.Combine(result.RunFolder, "eval", "test")) ? "test" : "val";
        context.Write(string.Create(CultureInfo.InvariantCulture, $"""
            unseen pictures with overlays: {Path.Combine(result.RunFolder, "eval", part, "overlays")}
            masks for your own pictures: krait predict -m {result.RunFolder} -i PICTURES -o MASKS --overlay
            Research use; not a medical device.
            """));
    }
}
