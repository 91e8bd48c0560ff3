using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Krait.Training.Config;

/// <summary>Writes configuration nodes as YAML; reading the text again gives the same nodes.</summary>
internal static class ConfigText
{
    public static string Write(ConfigNode root)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        var emitter = new Emitter(text);
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Emit(emitter, root);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    private static void Emit(Emitter emitter, ConfigNode node)
    {
        switch (node)
        {
            case ConfigMap map:
                var style = map.Entries.Count == 0 ? MappingStyle.Flow : MappingStyle.Block;
                emitter.Emit(new MappingStart(null, null, true, style));
                foreach (var (key, value) in map.Entries)
                {
                    emitter.Emit(new Scalar(key));
                    Emit(emitter, value);
                }
                emitter.Emit(new MappingEnd());
                break;
            case ConfigList list:
                emitter.Emit(new SequenceStart(null, null, true, SequenceStyle.Flow));
                foreach (var item in list.Items) Emit(emitter, item);
                emitter.Emit(new SequenceEnd());
                break;
            case ConfigScalar { Text: null }:
                emitter.Emit(new Scalar(null, null, "null", ScalarStyle.Plain, true, false));
                break;
            case ConfigScalar { Text: "" or "null" or "~" } special:
                emitter.Emit(new Scalar(null, null, special.Text!, ScalarStyle.SingleQuoted, false, true));
                break;
            case ConfigScalar scalar:
                emitter.Emit(new Scalar(null, null, scalar.Text!, ScalarStyle.Any, true, true));
                break;
        }
    }
}
