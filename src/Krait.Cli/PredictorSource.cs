using System.CommandLine;
using Krait.Training;

namespace Krait.Cli;

/// <summary>The trained model that a command predicts with, and how.</summary>
static class PredictorSource
{
    public static readonly Option<string> Model = new("--model", "-m")
    {
        Description = "Run folder or Krait weights file.",
        HelpName = "run|file",
        Required = true,
    };

    public static readonly Option<bool> Mirror = new("--mirror")
    {
        Description = "Mean over all mirror images, as nnU-Net predicts: 4 times the time, of 3-D networks 8.",
    };

    /// <exception cref="Training.Config.ConfigException">There is no such file or run.</exception>
    public static Predictor Open(CommandContext context) => Predictor.Load(
        ModelSource.WeightsPath(context.Get(Model)!), context.Threads, context.Get(Mirror));
}
