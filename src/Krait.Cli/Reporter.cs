namespace Krait.Cli;

/// <summary>Progress that is handled at once, on the thread that reports it.</summary>
sealed class Reporter<T>(Action<T> handle) : IProgress<T>
{
    public void Report(T value) => handle(value);
}
