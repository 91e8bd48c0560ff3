using System.Text;

namespace Krait.Training.Runs;

/// <summary>Files of a run: whole files appear at once under their name or not at all.</summary>
public static class RunFile
{
    /// <summary>Writes text through a temporary file in the same folder.</summary>
    /// <exception cref="IOException">If the disk refuses; an older file stays whole.</exception>
    public static void WriteText(string path, string text) =>
        Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Writes through a temporary file in the same folder, flushed to disk before it is renamed.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
