using System.Text;
using System.Text.Json;

namespace Krait.Training.Runs;

/// <summary>metrics.jsonl: a line for every set of scalars, {"step", "epoch", "seconds", values...}.</summary>
public sealed class ScalarLog : IDisposable
{
    private readonly FileStream stream;

    private ScalarLog(FileStream stream) => this.stream = stream;

    /// <summary>Starts a log, or goes on after cutting lines of later steps and a broken last line.</summary>
    public static ScalarLog Open(string path, long? lastStep)
    {
        if (lastStep is null || !File.Exists(path))
            return new ScalarLog(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read));
        long good = 0;
        foreach (string line in File.ReadLines(path))
        {
            if (StepOf(line) is not { } step || step > lastStep) break;
            good += Encoding.UTF8.GetByteCount(line) + 1;
        }
        var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.Read);
        stream.SetLength(Math.Min(good, stream.Length));
        stream.Seek(0, SeekOrigin.End);
        return new ScalarLog(stream);
    }

    public void Add(long step, int epoch, double seconds, IEnumerable<KeyValuePair<string, double>> scalars)
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("step", step);
            json.WriteNumber("epoch", epoch);
            json.WriteNumber("seconds", Math.Round(seconds, 3));
            foreach (var (name, value) in scalars)
                if (double.IsFinite(value)) json.WriteNumber(name, value);
                else json.WriteNull(name);
            json.WriteEndObject();
        }
        buffer.WriteByte((byte)'\n');
        stream.Write(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    public void Flush() => stream.Flush();

    public void Dispose() => stream.Dispose();

    private static long? StepOf(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("step").GetInt64();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}
