namespace Krait.Weights;

/// <summary>
/// Files that appear whole or not at all: written under a temporary name beside the target, then renamed.
/// </summary>
internal static class AtomicFile
{
    /// <exception cref="WeightsException">
    /// If the disk refuses; the temporary is gone and an older file untouched.
    /// </exception>
    public static void Write(string path, Action<Stream> write)
    {
        if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal))
            throw new WeightsException("write: need a file name; got an empty or impossible one. Name a file.");
        var full = Path.GetFullPath(path);
        if (Directory.Exists(full))
            throw new WeightsException($"write {path}: need a file name; this is a folder. Name a file inside it.");
        var temporary = $"{full}.{Guid.NewGuid():N}.tmp";
        var moved = false;
        try
        {
            using (var stream = File.Create(temporary, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, full, overwrite: true);
            moved = true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            var old = File.Exists(full) ? " The file that was there is unchanged." : "";
            throw new WeightsException($"write {path}: {e.Message.TrimEnd('.')}.{old} Check free space and rights.", e);
        }
        finally
        {
            if (!moved)
                TryDelete(temporary);
        }
    }

    static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The first failure is the one to report; a leftover temporary is named so that it can be told apart.
        }
    }
}
