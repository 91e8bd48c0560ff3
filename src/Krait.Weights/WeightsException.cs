namespace Krait.Weights;

/// <summary>
/// A weights file cannot be read, written or matched to a model. The message names file, rule and way out.
/// </summary>
public sealed class WeightsException : Exception
{
    public WeightsException(string message) : base(message) { }

    public WeightsException(string message, Exception inner) : base(message, inner) { }
}
