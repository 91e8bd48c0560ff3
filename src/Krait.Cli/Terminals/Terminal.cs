using System.Runtime.InteropServices;
using Spectre.Console;

namespace Krait.Cli.Terminals;

/// <summary>
/// Where a command writes: results to <see cref="Output"/>, progress and messages to <see cref="Error"/>; and the
/// signals that ask it to stop.
/// </summary>
public sealed class Terminal : IDisposable
{
    readonly CancellationTokenSource _stop = new();
    readonly List<PosixSignalRegistration> _signals = [];

    public Terminal(TextWriter output, TextWriter error)
    {
        Output = output;
        Error = error;
    }

    public TextWriter Output { get; }
    public TextWriter Error { get; }

    /// <summary>Results are read by a person, so tables may have borders and colour.</summary>
    public bool IsOutputInteractive { get; private init; }

    /// <summary>Progress may redraw a line.</summary>
    public bool IsErrorInteractive { get; private init; }

    /// <summary>False where NO_COLOR is set (no-color.org).</summary>
    public bool UsesColour { get; private init; }

    /// <summary>Set when the user or the system asks to stop.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Exit code of a stopped command: 130 after Ctrl-C, 143 after SIGTERM.</summary>
    public int StopCode { get; private set; } = ExitCode.Interrupted;

    /// <summary>The terminal of this process. A first signal asks to stop, a second one ends at once.</summary>
    public static Terminal OfProcess()
    {
        bool isPlain = Environment.GetEnvironmentVariable("CI") is { Length: > 0 };
        var terminal = new Terminal(Console.Out, Console.Error)
        {
            IsOutputInteractive = !Console.IsOutputRedirected && !isPlain,
            IsErrorInteractive = !Console.IsErrorRedirected && !isPlain,
            UsesColour = Environment.GetEnvironmentVariable("NO_COLOR") is not { Length: > 0 },
        };
        terminal.Listen(PosixSignal.SIGINT, ExitCode.Interrupted);
        terminal.Listen(PosixSignal.SIGTERM, ExitCode.Terminated);
        return terminal;
    }

    /// <summary>Asks the command to stop, as a signal does.</summary>
    public void RequestStop(int code)
    {
        StopCode = code;
        _stop.Cancel();
    }

    /// <summary>A console for tables on <see cref="Output"/>.</summary>
    public IAnsiConsole OutputConsole() => ConsoleOn(Output, IsOutputInteractive);

    /// <summary>A console for progress on <see cref="Error"/>.</summary>
    public IAnsiConsole ErrorConsole() => ConsoleOn(Error, IsErrorInteractive);

    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in _signals)
            signal.Dispose();
        _stop.Dispose();
    }

    void Listen(PosixSignal signal, int code) => _signals.Add(PosixSignalRegistration.Create(signal, context =>
    {
        if (_stop.IsCancellationRequested)
            return;
        context.Cancel = true;
        RequestStop(code);
    }));

    IAnsiConsole ConsoleOn(TextWriter writer, bool isInteractive)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isInteractive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isInteractive && UsesColour ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isInteractive ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!isInteractive)
            console.Profile.Width = 200;
        return console;
    }
}
