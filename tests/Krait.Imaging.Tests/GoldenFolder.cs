using System.Runtime.InteropServices;
using System.Text.Json;

namespace Krait.Imaging.Tests;

/// <summary>The tensor files of golden cases.</summary>
internal static class GoldenFolder
{
    /// <summary>All tensors of a safetensors file, as double, by name.</summary>
    public static Dictionary<string, (int[] Shape, double[] Values)> Tensors(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int length = (int)BitConverter.ToUInt64(file);
        using JsonDocument header = JsonDocument.Parse(file.AsMemory(8, length));
        Dictionary<string, (int[], double[])> tensors = [];
        foreach (JsonProperty tensor in header.RootElement.EnumerateObject().Where(p => p.Name != "__metadata__"))
        {
            int[] shape = [.. tensor.Value.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())];
            int[] range = [.. tensor.Value.GetProperty("data_offsets").EnumerateArray().Select(e => e.GetInt32())];
            ReadOnlySpan<byte> bytes = file.AsSpan(8 + length + range[0], range[1] - range[0]);
            string type = tensor.Value.GetProperty("dtype").GetString()!;
            double[] values = type switch
            {
                "F32" => Array.ConvertAll(MemoryMarshal.Cast<byte, float>(bytes).ToArray(), v => (double)v),
                "F64" => MemoryMarshal.Cast<byte, double>(bytes).ToArray(),
                _ => [],
            };
            tensors[tensor.Name] = (shape, values);
        }

        return tensors;
    }
}
