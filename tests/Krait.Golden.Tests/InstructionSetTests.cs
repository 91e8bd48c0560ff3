using System.Diagnostics;
using Krait.Engine.Kernels.Simd;
using Krait.Golden.Tests.Harness;

namespace Krait.Golden.Tests;

/// <summary>
/// The ops once more in a process of their own for each narrower instruction set, with the wider sets disabled, so that
/// neither the choice at start nor the compiler can fall back on them.
/// </summary>
[Trait("Category", "Golden")]
public sealed class InstructionSetTests
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static TheoryData<string> NarrowerLevels() => [.. Devices.Others.Select(level => level.ToString())
        .DefaultIfEmpty(Devices.Default.ToString())];

    [Theory]
    [MemberData(nameof(NarrowerLevels))]
    public async Task Ops_match_in_a_process_without_wider_sets(string level)
    {
        (string name, string[] disabled) = Enum.Parse<SimdLevel>(level) switch
        {
            SimdLevel.Scalar => ("scalar", (string[])["EnableAVX512", "EnableAVX512F", "EnableAVX2"]),
            SimdLevel.Vector128 => ("128", ["EnableAVX512", "EnableAVX512F"]),
            SimdLevel.Vector256 => ("avx2", ["EnableAVX512", "EnableAVX512F"]),
            _ => ("avx512", []),
        };
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (string argument in (string[])["test", typeof(InstructionSetTests).Assembly.Location, "--filter",
            $"FullyQualifiedName~{nameof(GoldenTests.Case_matches)}&DisplayName~ops/"])
            start.ArgumentList.Add(argument);
        start.Environment[SimdLevels.Variable] = name;
        start.Environment[Repository.GoldenVariable] = GoldenRoot.Folder;
        foreach (string set in disabled)
            start.Environment[$"DOTNET_{set}"] = "0";
        using Process child = Process.Start(start)!;
        child.StandardInput.Close();
        Task<string> output = child.StandardOutput.ReadToEndAsync(), errors = child.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await child.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            child.Kill(entireProcessTree: true);
            Assert.Fail($"{name}: still running after {Patience}");
        }
        string text = await output + await errors;
        Assert.True(child.ExitCode == 0 && text.Contains("Passed!", StringComparison.Ordinal), $"{name}: {text}");
    }
}
