namespace Krait.Tests;

/// <summary>A folder that goes away with the test.</summary>
sealed class TemporaryFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("krait-test-").FullName;

    public string this[params string[] parts] => Path.Combine([Root, .. parts]);

    public string[] Files() => [.. Directory.EnumerateFileSystemEntries(Root).Select(f => Path.GetFileName(f)!)];

    public string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(this[name], bytes);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
