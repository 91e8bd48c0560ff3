using System.Text.RegularExpressions;

namespace Krait.Models;

/// <summary>
/// The state dictionaries of nnU-Net and U-Mamba list the same tensor up to four times: the decoder holds the encoder,
/// and a unit of convolution and norm holds both once more in all_modules.
/// </summary>
static partial class NnUnetNames
{
    const string Encoder = "encoder.", EncoderOfDecoder = "decoder.encoder.";

    /// <summary>Under which other names the tensor of this name stands in a published state dictionary.</summary>
    public static IEnumerable<string> RepeatsOf(string name)
    {
        string inUnit = PartOfUnit().Replace(name, m =>
            $"{m.Groups["unit"].Value}.all_modules.{(m.Groups["part"].Value == "conv" ? 0 : 1)}.");
        if (inUnit != name)
            yield return inUnit;
        if (!name.StartsWith(Encoder, StringComparison.Ordinal))
            yield break;
        yield return EncoderOfDecoder + name[Encoder.Length..];
        if (inUnit != name)
            yield return EncoderOfDecoder + inUnit[Encoder.Length..];
    }

    [GeneratedRegex(@"(?<unit>(^|\.)(convs\.\d+|conv1|conv2|skip\.\d+))\.(?<part>conv|norm)\.",
        RegexOptions.CultureInvariant)]
    private static partial Regex PartOfUnit();
}
