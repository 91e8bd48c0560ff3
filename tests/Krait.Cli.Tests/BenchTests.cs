using System.Text.Json.Nodes;

namespace Krait.Cli.Tests;

public sealed class BenchTests
{
    [Fact]
    public void A_narrow_model_is_timed_beside_the_machines_limits()
    {
        CliRun run = CliRun.Of("bench", "vmunetv2", "--option", "depths=[1,1,1,1]", "--option", "width=16", "--option",
            "midChannels=8", "--size", "32", "--repeats", "2", "--layers", "--json");
        Assert.Equal(ExitCode.Success, run.Code);
        JsonNode shown = JsonNode.Parse(run.Output)!;
        Assert.True((double)shown["flops_per_second"]! > 1e8);
        Assert.True((double)shown["times_floor"]! > 1, "nothing is faster than its floor");
        Assert.Contains(shown["kinds"]!.AsArray(), k => (string)k!["name"]! == "Ss2d");
        Assert.Equal(shown["kinds"]!.AsArray().Sum(k => (long)k!["macs"]!),
            shown["layers"]!.AsArray().Sum(l => (long)l!["macs"]!));
    }

    [Fact]
    public void A_training_step_is_timed_too()
    {
        CliRun run = CliRun.Of("bench", "vmunet", "--option", "depths=[1,1,1,1]", "--option",
            "depthsDecoder=[1,1,1,1]", "--option", "width=16", "--size", "32", "--repeats", "1", "--train", "--json");
        Assert.Equal(ExitCode.Success, run.Code);
        Assert.Contains(JsonNode.Parse(run.Output)!["kinds"]!.AsArray(), k => (string)k!["name"]! == "Ss2dBackward");
    }

    [Fact]
    public void Stopping_ends_with_130()
    {
        CliRun run = CliRun.Of(terminal => terminal.RequestStop(ExitCode.Interrupted), "bench");
        Assert.Equal(ExitCode.Interrupted, run.Code);
        Assert.Contains("stopped", run.Error);
    }
}
