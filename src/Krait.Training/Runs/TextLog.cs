using System.Globalization;

namespace Krait.Training.Runs;

/// <summary>log.txt of a run: what happened when, for people. Lines are appended and flushed;
/// a resumed run goes on in it.</summary>
public sealed class TextLog(string path) : IDisposable
{
    private readonly StreamWriter writer = new(path, append: true);

    /// <summary>Adds text under the time of day, each of its lines in a line of its own.</summary>
    public void Add(string text)
    {
        string time = DateTime.Now.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        foreach (string line in text.TrimEnd().Split('\n'))
            writer.WriteLine($"{time}  {line.TrimEnd()}");
        writer.Flush();
    }

    public void Dispose() => writer.Dispose();
}
