using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Krait.Weights;

/// <summary>
/// Which tensors of a foreign checkpoint go where in a model, declared as a table. A name is first brought to its
/// common spelling by <see cref="Aliases"/>; then the first rule that matches says where it goes.
/// </summary>
/// <remarks>Patterns are regular expressions that match anywhere in the name, so most begin with "^".</remarks>
public sealed record KeyMap(string Name)
{
    /// <summary>Other spellings of the same name, all applied in order.</summary>
    public ImmutableArray<KeyAlias> Aliases { get; init; } = [];

    /// <summary>
    /// The first rule that matches decides. A name that none matches goes to the same name, if there is one.
    /// </summary>
    public ImmutableArray<KeyRule> Rules { get; init; } = [];

    /// <summary>
    /// Names that may have no place in the model, with the reason: deeper blocks of a larger checkpoint.
    /// </summary>
    public ImmutableArray<KeyNote> Surplus { get; init; } = [];

    /// <summary>Model names that this kind of checkpoint never fills, with the reason: a decoder, a head.</summary>
    public ImmutableArray<KeyNote> Fresh { get; init; } = [];

    /// <summary>
    /// Groups that load as a whole or not at all, by their common spelling: when the shape of one of them does not
    /// fit, all stay as initialised.
    /// </summary>
    public ImmutableArray<KeyNote> AllOrNone { get; init; } = [];

    /// <summary>The common spelling of a checkpoint's name.</summary>
    public string Normalize(string name)
    {
        foreach (var alias in Aliases)
            name = alias.Pattern.Replace(name, alias.Replacement);
        return name;
    }

    /// <summary>The rule for a name in its common spelling, or null.</summary>
    public KeyRule? RuleFor(string name) => Rules.FirstOrDefault(r => r.Pattern.IsMatch(name));

    internal static KeyNote? Find(ImmutableArray<KeyNote> notes, string name) =>
        notes.FirstOrDefault(n => n.Pattern.IsMatch(name));

    internal static Regex Compile(string pattern) => new(pattern, RegexOptions.CultureInvariant);
}

/// <summary>Another spelling: <paramref name="Replacement"/> may use the groups of the pattern ($1).</summary>
public sealed record KeyAlias(Regex Pattern, string Replacement)
{
    public KeyAlias(string pattern, string replacement) : this(KeyMap.Compile(pattern), replacement) { }
}

/// <summary>Names that match, and why they are treated as they are.</summary>
public sealed record KeyNote(Regex Pattern, string Reason)
{
    public KeyNote(string pattern, string reason) : this(KeyMap.Compile(pattern), reason) { }
}

/// <summary>What to do with a name: replace the match, once for each target, or leave the tensor out.</summary>
public sealed record KeyRule
{
    KeyRule(string pattern, ImmutableArray<string> targets, string? skipReason) =>
        (Pattern, Targets, SkipReason) = (KeyMap.Compile(pattern), targets, skipReason);

    public Regex Pattern { get; }

    /// <summary>Replacements for the match; with several, the tensor fills several places. Empty: left out.</summary>
    public ImmutableArray<string> Targets { get; }

    public string? SkipReason { get; }

    /// <summary>Replaces the match by each target, which may use the groups of the pattern ($1).</summary>
    public static KeyRule Rename(string pattern, params ReadOnlySpan<string> targets) =>
        new(pattern, [.. targets], null);

    /// <summary>Leaves the tensor out and says why in the report.</summary>
    public static KeyRule Skip(string pattern, string reason) => new(pattern, [], reason);

    internal IEnumerable<string> Apply(string name) => Targets.Select(t => Pattern.Replace(name, t, 1));
}
