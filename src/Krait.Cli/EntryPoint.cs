using Krait.Cli.Terminals;

namespace Krait.Cli;

/// <summary>Where the process begins. Named so because Program is the engine's word.</summary>
static class EntryPoint
{
    static int Main(string[] args)
    {
        using var terminal = Terminal.OfProcess();
        return KraitCli.Run(args, terminal);
    }
}
