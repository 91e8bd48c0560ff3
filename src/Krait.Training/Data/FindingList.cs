using Krait.Imaging;
using Krait.Training.Config;

namespace Krait.Training.Data;

/// <summary>What verification has found so far.</summary>
/// <param name="root">The data folder; paths are reported below it.</param>
internal sealed class FindingList(string root)
{
    private readonly List<Finding> findings = [];

    public IReadOnlyList<Finding> All => findings;

    public void Add(Severity severity, string kind, string path, string message) =>
        findings.Add(new Finding(severity, kind, path, message));

    /// <summary>Reads a file; null, and a finding, where it cannot be read.</summary>
    public T? Read<T>(string path, Func<string, T> read) where T : class
    {
        try
        {
            return read(path);
        }
        catch (Exception e) when (e is ImageFormatException { MissingDependency: false } or ConfigException
            or IOException or UnauthorizedAccessException)
        {
            Add(Severity.Error, "unreadable", Path.GetRelativePath(root, path).Replace('\\', '/'), e.Message);
            return null;
        }
    }
}
