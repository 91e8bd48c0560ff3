namespace Krait.Cli.Tests;

/// <summary>A folder that goes away with the test.</summary>
sealed class TemporaryFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("krait-cli-").FullName;

    public string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    public string[] Files() => [.. Directory.EnumerateFileSystemEntries(Root).Select(f => Path.GetFileName(f)!)];

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
