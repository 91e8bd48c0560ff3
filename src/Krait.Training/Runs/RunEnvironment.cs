using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text.Json;

namespace Krait.Training.Runs;

/// <summary>What a run ran on, for environment.json.</summary>
public static class RunEnvironment
{
    /// <summary>Versions, processor, instruction sets, memory, threads and seed as JSON.</summary>
    public static string ToJson(ulong seed, int threads, string instructionSet)
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("krait", Version);
            json.WriteString("dotnet", RuntimeInformation.FrameworkDescription);
            json.WriteString("os", RuntimeInformation.OSDescription);
            json.WriteString("architecture", RuntimeInformation.ProcessArchitecture.ToString());
            json.WriteString("processor", ProcessorName());
            json.WriteNumber("logical_processors", Environment.ProcessorCount);
            json.WriteString("instruction_set", instructionSet);
            json.WriteNumber("widest_vector_bits", Vector512.IsHardwareAccelerated ? 512 :
                Vector256.IsHardwareAccelerated ? 256 : Vector128.IsHardwareAccelerated ? 128 : 0);
            json.WriteNumber("memory_bytes", GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
            json.WriteNumber("threads", threads);
            json.WriteNumber("seed", seed);
            json.WriteString("started", DateTimeOffset.Now.ToString("o", CultureInfo.InvariantCulture));
            json.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>Version of Krait with the commit it was built from, where the build knew it.</summary>
    public static string Version { get; } = typeof(RunEnvironment).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    private static string ProcessorName()
    {
        const string Info = "/proc/cpuinfo";
        if (!File.Exists(Info)) return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? "unknown";
        string? line = File.ReadLines(Info).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal));
        return line is null ? "unknown" : line[(line.IndexOf(':') + 1)..].Trim();
    }
}
