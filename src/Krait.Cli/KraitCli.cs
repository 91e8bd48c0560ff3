using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Globalization;
using System.Reflection;
using Krait.Cli.Commands;
using Krait.Cli.Terminals;

namespace Krait.Cli;

/// <summary>The command line: <c>krait COMMAND [options]</c>.</summary>
public static class KraitCli
{
    /// <summary>The version that the build gave.</summary>
    public static string Version { get; } = typeof(KraitCli).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";

    /// <summary>Runs one command and returns its exit code.</summary>
    public static int Run(string[] args, Terminal terminal)
    {
        CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = CultureInfo.InvariantCulture;
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
        if (args is ["--version"])
        {
            // Before all commands are built: scripts ask this often.
            terminal.Output.WriteLine(Version);
            return ExitCode.Success;
        }
        RootCommand root = CreateRoot(terminal);
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
            return RefuseUsage(parsed, args, terminal);
        return parsed.Invoke(new InvocationConfiguration
        {
            Output = terminal.Output,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        });
    }

    /// <summary>All commands, writing to <paramref name="terminal"/>.</summary>
    public static RootCommand CreateRoot(Terminal terminal)
    {
        var root = new RootCommand(
            "Vision-Mamba U-Nets for medical image segmentation on a plain CPU. Research use; not a medical device.");
        GlobalOptions.AddTo(root);
        foreach (Command command in CommandList.Create(terminal))
            root.Add(command);
        foreach (HelpOption help in root.Options.OfType<HelpOption>())
            help.Action = new HelpWithExamples((SynchronousCommandLineAction)help.Action!);
        foreach (VersionOption version in root.Options.OfType<VersionOption>())
            version.Action = new ShowVersion();
        return root;
    }

    static int RefuseUsage(ParseResult parsed, string[] args, Terminal terminal)
    {
        string path = string.Join(' ', Path(parsed.CommandResult.Command));
        if (args.Length == 0)
        {
            parsed.RootCommandResult.Command.Parse("--help").Invoke(new InvocationConfiguration
            { Output = terminal.Error, Error = terminal.Error });
            return ExitCode.Usage;
        }
        foreach (string message in Messages(parsed))
            terminal.Error.WriteLine($"{path}: {message}");
        terminal.Error.WriteLine($"See {path} --help.");
        return ExitCode.Usage;
    }

    /// <summary>An unknown command also lacks a known one; only the first is worth saying.</summary>
    static IEnumerable<string> Messages(ParseResult parsed)
    {
        string[] all = [.. parsed.Errors.Select(e => e.Message).Distinct()];
        return parsed.UnmatchedTokens.Count > 0 && all.Length > 1 ? all.Where(m => !m.StartsWith("Required")) : all;
    }

    static IEnumerable<string> Path(Symbol command)
    {
        Symbol? parent = command.Parents.FirstOrDefault();
        return parent is null ? ["krait"] : Path(parent).Append(command.Name);
    }

    sealed class ShowVersion : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(Version);
            return ExitCode.Success;
        }
    }

    /// <summary>The usual help, then the command's examples.</summary>
    sealed class HelpWithExamples(SynchronousCommandLineAction help) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            int code = help.Invoke(parseResult);
            TextWriter output = parseResult.InvocationConfiguration.Output;
            IReadOnlyList<string> examples = parseResult.CommandResult.Command is KraitCommand command
                ? command.Examples
                : ["krait demo", "krait train --data DIR --epochs 60", "krait predict -m runs/RUN -i DIR -o masks"];
            if (examples.Count == 0)
                return code;
            output.WriteLine("Examples:");
            foreach (string example in examples)
                output.WriteLine("  " + example);
            return code;
        }
    }
}
