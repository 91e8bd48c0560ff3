namespace Krait.Weights.Tests;

/// <summary>A folder of its own for each test, deleted afterwards.</summary>
public abstract class TempFolder : IDisposable
{
    protected string Folder { get; } = Directory.CreateTempSubdirectory("krait-weights-").FullName;

    protected string In(string name) => Path.Combine(Folder, name);

    protected string Save(string name, ReadOnlySpan<byte> bytes)
    {
        File.WriteAllBytes(In(name), bytes.ToArray());
        return In(name);
    }

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }
}
