using Krait.Cli.Terminals;

namespace Krait.Cli.Tests;

/// <summary>One run of the command line inside this process.</summary>
sealed record CliRun(int Code, string Output, string Error)
{
    public static CliRun Of(params string[] args) => Of(_ => { }, args);

    public static CliRun Of(Action<Terminal> before, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var terminal = new Terminal(TextWriter.Synchronized(output), TextWriter.Synchronized(error));
        before(terminal);
        int code = KraitCli.Run(args, terminal);
        return new CliRun(code, output.ToString(), error.ToString());
    }
}
