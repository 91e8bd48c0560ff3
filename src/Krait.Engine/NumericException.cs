namespace Krait.Engine;

/// <summary>A guarded run met NaN or infinity. The message names the first layer that yields it.</summary>
public sealed class NumericException(string message) : Exception(message);
