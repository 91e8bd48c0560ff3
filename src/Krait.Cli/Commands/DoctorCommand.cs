using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Krait.Cli.Terminals;
using Krait.Engine.Kernels.Simd;
using Krait.Training.Config;

namespace Krait.Cli.Commands;

/// <summary>Says what this machine offers and what is missing.</summary>
static class DoctorCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new KraitCommand("doctor", "Show what this machine offers and what is missing.")
        {
            Examples = ["krait doctor", "krait doctor --json", "KRAIT_SIMD=avx2 krait doctor"],
        };
        command.Does(terminal, Run);
        return command;
    }

    static int Run(CommandContext context)
    {
        Machine machine = Machine.Inspect(context.Threads);
        if (context.IsJson)
        {
            context.WriteJson(machine.ToJson());
            return ExitCode.Success;
        }
        context.WriteTable(null, ["what", "found"], machine.Lines().Select(l => new[] { l.What, l.Found }));
        foreach (string advice in machine.Advice())
            context.Write("! " + advice);
        context.Write("Research use; not a medical device.");
        return ExitCode.Success;
    }
}

/// <summary>Facts about this machine.</summary>
sealed record Machine
{
    public required string Processor { get; init; }
    public required int Cores { get; init; }
    public required int Threads { get; init; }
    public required SimdLevel Simd { get; init; }
    public required bool IsSimdForced { get; init; }
    public required long MemoryBytes { get; init; }
    public required string? Libvips { get; init; }
    public required string? LibvipsVersion { get; init; }

    public static Machine Inspect(int threads)
    {
        string? forced = Environment.GetEnvironmentVariable(SimdLevels.Variable);
        return new Machine
        {
            Processor = ProcessorName(),
            Cores = Environment.ProcessorCount,
            Threads = threads > 0 ? threads : Environment.ProcessorCount,
            Simd = SimdLevels.Choose(forced),
            IsSimdForced = !string.IsNullOrWhiteSpace(forced),
            MemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            Libvips = Krait.Imaging.Libvips.Path,
            LibvipsVersion = Krait.Imaging.Libvips.Version,
        };
    }

    public IEnumerable<(string What, string Found)> Lines()
    {
        yield return ("krait", KraitCli.Version);
        yield return (".NET", Environment.Version.ToString());
        yield return ("system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}");
        yield return ("processor", $"{Processor}, {Cores} cores");
        yield return ("threads", Threads.ToString(CultureInfo.InvariantCulture));
        string sets = string.Join(", ", SimdLevels.Available);
        yield return ("instruction set",
            $"{Simd} of {sets}{(IsSimdForced ? $" (forced by {SimdLevels.Variable})" : "")}");
        yield return ("memory", ByteSize.Rounded(MemoryBytes));
        yield return ("PNG, BMP, GIF", "built in");
        yield return ("JPEG, TIFF, WebP", Libvips is null ? "libvips is missing"
            : $"libvips {LibvipsVersion} ({Libvips})");
    }

    public IEnumerable<string> Advice()
    {
        if (Libvips is null)
            yield return "libvips is missing: JPEG, TIFF and WebP cannot be read. Install libvips "
                + "(Debian: libvips42, macOS: brew install vips), or npm before building, or set KRAIT_LIBVIPS "
                + "to the file.";
        if (Simd == SimdLevel.Scalar && !IsSimdForced)
            yield return "no vector instructions were found; everything works, about ten times slower.";
    }

    public JsonObject ToJson() => new()
    {
        ["krait"] = KraitCli.Version,
        ["dotnet"] = Environment.Version.ToString(),
        ["system"] = RuntimeInformation.OSDescription,
        ["architecture"] = RuntimeInformation.ProcessArchitecture.ToString(),
        ["processor"] = Processor,
        ["cores"] = Cores,
        ["threads"] = Threads,
        ["simd"] = Simd.ToString(),
        ["simd_available"] = new JsonArray([.. SimdLevels.Available.Select(s => (JsonNode)s.ToString())]),
        ["memory_bytes"] = MemoryBytes,
        ["libvips"] = Libvips,
        ["libvips_version"] = LibvipsVersion,
    };

    static string ProcessorName()
    {
        const string CpuInfo = "/proc/cpuinfo";
        if (File.Exists(CpuInfo))
            foreach (string line in File.ReadLines(CpuInfo))
                if (line.StartsWith("model name", StringComparison.Ordinal))
                    return line[(line.IndexOf(':') + 1)..].Trim();
        return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? "unknown";
    }
}
