using System.CommandLine;
using System.Text.Json.Nodes;
using Krait.Cli.Terminals;
using Krait.Engine;
using Krait.Imaging;
using Krait.Training.Config;
using Krait.Weights;

namespace Krait.Cli.Tests;

public sealed class UsageTests
{
    [Theory]
    [InlineData("nonsense")]
    [InlineData("doctor", "--nonsense")]
    [InlineData("doctor", "--threads", "many")]
    [InlineData("doctor", "--threads", "0")]
    [InlineData()]
    public void Parse_errors_end_with_code_2_and_say_so_on_stderr(params string[] args)
    {
        CliRun run = CliRun.Of(args);
        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Empty(run.Output);
        Assert.NotEmpty(run.Error);
        Assert.DoesNotContain("   at ", run.Error);
    }

    [Fact]
    public void Every_command_has_help_with_examples()
    {
        using var terminal = new Terminal(TextWriter.Null, TextWriter.Null);
        foreach (string[] path in Paths(KraitCli.CreateRoot(terminal), []))
        {
            CliRun run = CliRun.Of([.. path, "--help"]);
            Assert.Equal(ExitCode.Success, run.Code);
            Assert.True(run.Output.Contains("Examples:\n  ", StringComparison.Ordinal),
                $"{string.Join(' ', path)}: no examples");
            Assert.Empty(run.Error);
        }
    }

    [Fact]
    public void Every_example_of_the_help_parses()
    {
        using var terminal = new Terminal(TextWriter.Null, TextWriter.Null);
        RootCommand root = KraitCli.CreateRoot(terminal);
        foreach (KraitCommand command in Descendants(root).OfType<KraitCommand>())
            foreach (string example in command.Examples)
            {
                string text = example.Split("  #")[0];
                string line = text[(text.IndexOf("krait ", StringComparison.Ordinal) + "krait ".Length)..];
                Assert.True(root.Parse(line).Errors.Count == 0,
                    $"{example}: {root.Parse(line).Errors.FirstOrDefault()?.Message}");
            }
    }

    [Fact]
    public void Version_is_the_builds()
    {
        CliRun run = CliRun.Of("--version");
        Assert.Equal(ExitCode.Success, run.Code);
        Assert.StartsWith(KraitCli.Version, run.Output);
    }

    [Fact]
    public void Doctor_reports_the_machine_as_json()
    {
        CliRun run = CliRun.Of("doctor", "--json", "--threads", "3");
        Assert.Equal(ExitCode.Success, run.Code);
        JsonNode facts = JsonNode.Parse(run.Output)!;
        Assert.Equal(3, (int)facts["threads"]!);
        Assert.True((long)facts["memory_bytes"]! > 1 << 20);
        Assert.NotEmpty(facts["simd_available"]!.AsArray());
    }

    [Fact]
    public void Each_family_of_exceptions_has_its_code()
    {
        Assert.Equal(ExitCode.BadInput, Failure.Of(new ConfigException("x")).Code);
        Assert.Equal(ExitCode.BadInput, Failure.Of(new WeightsException("x")).Code);
        Assert.Equal(ExitCode.BadInput, Failure.Of(new ImageFormatException("x")).Code);
        Assert.Equal(ExitCode.BadInput, Failure.Of(new FileNotFoundException("x")).Code);
        Assert.Equal(ExitCode.MissingDependency,
            Failure.Of(new ImageFormatException("x") { MissingDependency = true }).Code);
        Assert.Equal(ExitCode.OutOfMemory, Failure.Of(new OutOfMemoryException("x")).Code);
        Assert.Equal(ExitCode.Numeric, Failure.Of(new NumericException("x")).Code);
        Assert.Equal(ExitCode.Gate, Failure.Of(new GateException("x")).Code);
        Assert.Equal(ExitCode.Unexpected, Failure.Of(new IOException("No space left on device")).Code);
        Assert.Equal(ExitCode.Unexpected, Failure.Of(new WeightsException("x", new IOException("full", 28))).Code);
        Assert.Equal(ExitCode.Numeric, Failure.Of(new AggregateException(new NumericException("x"))).Code);
    }

    [Fact]
    public void Unexpected_failures_show_no_stack_trace()
    {
        Failure failure;
        try
        {
            throw new InvalidOperationException("boom");
        }
        catch (InvalidOperationException e)
        {
            failure = Failure.Of(e);
        }
        Assert.Equal(ExitCode.Unexpected, failure.Code);
        Assert.Contains("boom", failure.Message);
        Assert.DoesNotContain("   at ", failure.Message);
    }

    [Fact]
    public void Progress_says_speed_and_time_left()
    {
        string line = ProgressLine.Describe("epoch 1/2", 25, 100, TimeSpan.FromSeconds(5), "pictures", "loss 0.5");
        Assert.Equal("epoch 1/2 [######------------------] 25/100 pictures, 5.0/s, 15 s left, loss 0.5", line);
    }

    static IEnumerable<Command> Descendants(Command command) =>
        command.Subcommands.SelectMany(c => Descendants(c).Prepend(c));

    static IEnumerable<string[]> Paths(Command command, string[] path) =>
        command.Subcommands.SelectMany(c => Paths(c, [.. path, c.Name])).Prepend(path);
}
