using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Krait.Training.Config;

/// <summary>A piece of a configuration document that knows its key path and where it came from.</summary>
public abstract record ConfigNode(string Path, string Place)
{
    /// <summary>Reads YAML text into nodes.</summary>
    /// <param name="text">The document; empty text is an empty map.</param>
    /// <param name="source">File name (or "--set") for messages.</param>
    /// <exception cref="ConfigException">If the text is no YAML, holds several documents or a repeated key.</exception>
    public static ConfigNode Parse(string text, string source)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new ConfigException($"{source}, line {e.Start.Line}: not YAML: {e.Message}", e);
        }
        if (stream.Documents.Count == 0) return new ConfigMap("", source, []);
        if (stream.Documents.Count > 1)
            throw new ConfigException($"{source}: one document is needed; got {stream.Documents.Count}.");
        return Convert(stream.Documents[0].RootNode, "", source);
    }

    internal static string Join(string path, string key) => path.Length == 0 ? key : path + "." + key;

    private static ConfigNode Convert(YamlNode node, string path, string source)
    {
        string place = $"{source}, line {node.Start.Line}";
        switch (node)
        {
            case YamlMappingNode map:
                var entries = new List<KeyValuePair<string, ConfigNode>>();
                foreach (var (key, value) in map.Children)
                {
                    string name = (key as YamlScalarNode)?.Value ??
                        throw new ConfigException($"{place}: keys are plain words; got a nested key below '{path}'.");
                    entries.Add(new(name, Convert(value, Join(path, name), source)));
                }
                return new ConfigMap(path, place, entries);
            case YamlSequenceNode list:
                return new ConfigList(path, place,
                    [.. list.Children.Select((x, i) => Convert(x, $"{path}[{i}]", source))]);
            case YamlScalarNode scalar:
                bool isNull = scalar.Style == ScalarStyle.Plain && scalar.Value is (null or "" or "null" or "~");
                return new ConfigScalar(path, place, isNull ? null : scalar.Value);
            default:
                throw new ConfigException($"{place}: '{path}' is of a kind that is not understood ({node.NodeType}).");
        }
    }
}

/// <summary>A scalar; null where YAML says null.</summary>
public sealed record ConfigScalar(string Path, string Place, string? Text) : ConfigNode(Path, Place);

/// <summary>A list.</summary>
public sealed record ConfigList(string Path, string Place, IReadOnlyList<ConfigNode> Items) : ConfigNode(Path, Place);

/// <summary>A map in document order.</summary>
public sealed record ConfigMap(string Path, string Place, IReadOnlyList<KeyValuePair<string, ConfigNode>> Entries)
    : ConfigNode(Path, Place);
