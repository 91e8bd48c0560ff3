namespace Krait.Engine;

/// <summary>Values of shapes that do not fit together. The message says the op, the rule and what came.</summary>
public sealed class ShapeException(string message) : Exception(message)
{
    /// <summary>Throws when <paramref name="holds"/> is false: "op: rule; got ...".</summary>
    public static void Require(bool holds, string op, string rule, params ReadOnlySpan<object?> got)
    {
        if (!holds)
            throw new ShapeException($"{op}: {rule}; got {string.Join(", ", got.ToArray())}.");
    }
}
