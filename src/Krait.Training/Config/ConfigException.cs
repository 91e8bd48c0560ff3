namespace Krait.Training.Config;

/// <summary>A configuration or a data description that cannot be used; the message names key,
/// place and remedy.</summary>
public sealed class ConfigException : Exception
{
    public ConfigException(string message) : base(message) { }

    public ConfigException(string message, Exception inner) : base(message, inner) { }
}
