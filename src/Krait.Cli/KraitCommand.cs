using System.CommandLine;
using Krait.Cli.Terminals;
using Krait.Engine.Kernels.Simd;

namespace Krait.Cli;

/// <summary>A command with examples for its help, whose failures end in one message and the right exit code.</summary>
public sealed class KraitCommand(string name, string description) : Command(name, description)
{
    /// <summary>Lines of the help's example section.</summary>
    public IReadOnlyList<string> Examples { get; set; } = [];

    /// <summary>What the command does; returns its exit code.</summary>
    public void Does(Terminal terminal, Func<CommandContext, int> body) => SetAction(parsed =>
    {
        var context = new CommandContext(parsed, terminal);
        try
        {
            CheckEnvironment();
            return body(context);
        }
        catch (OperationCanceledException) when (terminal.Stop.IsCancellationRequested)
        {
            terminal.Error.WriteLine("stopped.");
            return terminal.StopCode;
        }
        catch (Exception e) when (e is not StackOverflowException)
        {
            Failure failure = Failure.Of(e);
            terminal.Error.WriteLine($"krait {Name}: {failure.Message}");
            return failure.Code;
        }
    });

    static void CheckEnvironment()
    {
        try
        {
            SimdLevels.Choose(Environment.GetEnvironmentVariable(SimdLevels.Variable));
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }
}
