namespace Krait.Cli;

/// <summary>Options that are each well formed but do not go together.</summary>
public sealed class UsageException(string message) : Exception(message);
