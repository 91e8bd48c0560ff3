using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Krait.Training.Config;

namespace Krait.Cli;

/// <summary>Options whose wrong values are usage errors that name the rule.</summary>
static class OptionParsers
{
    /// <summary>A whole number from <paramref name="low"/> to <paramref name="high"/>.</summary>
    public static Option<int?> Whole(string name, int low, int high, string description, params string[] aliases) =>
        new(name, aliases)
        {
            Description = description,
            HelpName = "n",
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value)
                    && value >= low && value <= high)
                    return value;
                result.AddError(high == int.MaxValue
                    ? $"{name}: must be a whole number of at least {low}; got '{text}'."
                    : $"{name}: must be a whole number from {low} to {high}; got '{text}'.");
                return null;
            },
        };

    /// <summary>A number from <paramref name="low"/> to <paramref name="high"/>.</summary>
    public static Option<double?> Real(string name, double low, double high, string description) => new(name)
    {
        Description = description,
        HelpName = "x",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
                && value >= low && value <= high)
                return value;
            result.AddError(string.Create(CultureInfo.InvariantCulture,
                $"{name}: must be a number from {low} to {high}; got '{text}'."));
            return null;
        },
    };

    /// <summary>A size in memory such as 2GiB.</summary>
    public static Option<long?> Bytes(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "size",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (ByteSize.TryParse(text, out long bytes) && bytes > 0)
                return bytes;
            result.AddError($"{name}: must be a size such as 2GiB or 512MiB; got '{text}'.");
            return null;
        },
    };
}
