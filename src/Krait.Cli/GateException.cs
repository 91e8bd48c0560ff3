namespace Krait.Cli;

/// <summary>A demanded score was not reached.</summary>
public sealed class GateException(string message) : Exception(message);
