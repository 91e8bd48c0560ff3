using System.CommandLine;
using Krait.Cli.Terminals;
using Krait.Training;
using Krait.Training.Config;

namespace Krait.Cli.Commands;

/// <summary>Trains a network on a data folder, or goes on with a run.</summary>
static class TrainCommand
{
    static readonly Argument<string?> Config = new("config")
    {
        Description = "A YAML file; flags alone suffice. Unknown keys are errors.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    static readonly Option<string?> Resume = new("--resume")
    {
        Description = "Go on with this run folder where it stopped, bit for bit.",
        HelpName = "run",
    };

    static readonly Option<bool> DryRun =
        new("--dry-run") { Description = "Print the resolved configuration and stop." };

    public static KraitCommand Create(Terminal terminal)
    {
        var command = new KraitCommand("train", "Train a network on a folder of pictures and masks.")
        {
            Config, Resume,
        };
        TrainOptions.AddTo(command);
        command.Add(DryRun);
        command.Examples =
        [
            "krait train --data kvasir-seg --epochs 60 --batch 8",
            "krait train run.yaml --set optimizer.lr=3e-4 --name second-try",
            "krait train --data wbc --size 128 --memory-limit 2GiB --dry-run",
            "krait train --resume runs/second-try --epochs 120",
        ];
        command.Does(terminal, Run);
        return command;
    }

    static int Run(CommandContext context)
    {
        List<KeyValuePair<string, string>> settings = TrainOptions.Settings(context);
        if (context.Get(Resume) is { } run)
            return Continue(context, run, settings);
        TrainConfig config = context.Get(Config) is { } file
            ? TrainConfig.Load(file, settings)
            : TrainConfig.Resolve(null, overrides: settings);
        if (context.Get(DryRun))
        {
            context.Write(config.ToYaml().TrimEnd());
            return ExitCode.Success;
        }
        if (config.Data.Root is null)
            throw new UsageException("a data folder is needed; give --data FOLDER, or data.root in a YAML file. "
                + "krait demo needs none.");
        using var view = new TrainView(context);
        return view.Finish(Trainer.Run(config, context.CommandLine, view, context.Stop));
    }

    static int Continue(CommandContext context, string run, List<KeyValuePair<string, string>> settings)
    {
        if (context.Get(Config) is { } file)
            throw new UsageException($"--resume takes its configuration from the run folder; got '{file}' as well. "
                + "Change settings by flags.");
        using var view = new TrainView(context);
        return view.Finish(Trainer.Resume(run, settings, view, context.Stop));
    }
}
