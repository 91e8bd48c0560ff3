using System.CommandLine;
using System.Globalization;

namespace Krait.Cli;

/// <summary>Options that every command has.</summary>
public static class GlobalOptions
{
    public static readonly Option<bool> Json = new("--json")
    {
        Description = "Write results as JSON on standard output.",
        Recursive = true,
    };

    public static readonly Option<bool> Quiet = new("--quiet", "-q")
    {
        Description = "No progress and no notes, only results and errors.",
        Recursive = true,
    };

    public static readonly Option<int?> Threads = OptionParsers.Whole("--threads", 1, 1024,
        "Threads to compute with; one a core unless told otherwise. Results do not depend on it.", "-t");

    public static readonly Option<ulong?> Seed = new("--seed")
    {
        Description = "Seed of everything that is drawn at random.",
        HelpName = "n",
        CustomParser = result =>
        {
            if (ulong.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed))
                return seed;
            result.AddError($"--seed: must be a whole number from 0; got '{result.Tokens[0].Value}'.");
            return null;
        },
    };

    static GlobalOptions() => Threads.Recursive = Seed.Recursive = true;

    public static void AddTo(Command root)
    {
        root.Add(Json);
        root.Add(Quiet);
        root.Add(Threads);
        root.Add(Seed);
    }
}
