using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Xunit.Abstractions;

namespace Krait.Imaging.Tests;

/// <summary>Real pictures in every format, against what a reference reader said of them.</summary>
[Trait("Category", "Samples")]
public sealed class SampleFileTests(ITestOutputHelper log)
{
    [SamplesFact]
    public void Files_of_every_picture_manifest_read_as_it_says()
    {
        int files = 0;
        List<string> wrong = [];
        foreach (string path in Directory.EnumerateFiles(
            SamplesFactAttribute.Root!, "manifest.json", SearchOption.AllDirectories))
        {
            string folder = Path.GetDirectoryName(path)!;
            using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(path));
            foreach (JsonProperty entry in manifest.RootElement.EnumerateObject())
            {
                string file = Path.Combine(folder, entry.Name);
                if (ImageFile.HasImageExtension(file))
                {
                    files++;
                    wrong.AddRange(Problems(file, entry.Value).Select(p => $"{entry.Name}: {p}"));
                }
            }
        }

        log.WriteLine($"{files} files of manifests read");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.NotEqual(0, files);
    }

    [SamplesFact]
    public void Every_picture_below_the_folder_can_be_read()
    {
        ConcurrentBag<string> wrong = [];
        int files = 0;
        HashSet<string> damaged = DamagedFiles();
        Parallel.ForEach(
            Directory.EnumerateFiles(SamplesFactAttribute.Root!, "*", SearchOption.AllDirectories)
                .Where(ImageFile.HasImageExtension)
                .Where(f => !damaged.Contains(Path.GetFullPath(f))),
            path =>
            {
                Interlocked.Increment(ref files);
                try
                {
                    Image image = ImageFile.Read(path);
                    ImageHeader header = ImageFile.ReadHeader(path);
                    if ((header.Width, header.Height, header.Channels, header.BitDepth)
                        != (image.Width, image.Height, image.Channels, image.BitDepth))
                    {
                        wrong.Add($"{path}: {header} but read {image.Width}x{image.Height}x{image.Channels}");
                    }
                }
                catch (ImageFormatException e)
                {
                    wrong.Add(e.Message);
                }
            });
        log.WriteLine($"{files} pictures read");
        Assert.True(wrong.IsEmpty, string.Join('\n', wrong));
        Assert.NotEqual(0, files);
    }

    private static HashSet<string> DamagedFiles()
    {
        HashSet<string> damaged = [];
        foreach (string path in Directory.EnumerateFiles(
            SamplesFactAttribute.Root!, "manifest.json", SearchOption.AllDirectories))
        {
            using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(path));
            damaged.UnionWith(manifest.RootElement.EnumerateObject()
                .Where(e => e.Value.ValueKind == JsonValueKind.Object && e.Value.TryGetProperty("error", out _))
                .Select(e => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, e.Name))));
        }

        return damaged;
    }

    private static IEnumerable<string> Problems(string path, JsonElement entry)
    {
        if (entry.TryGetProperty("error", out _))
        {
            Exception? refused = Record.Exception(() => ImageFile.Read(path));
            return refused is ImageFormatException ? [] : [$"should be refused; got {refused}"];
        }

        Image image = ImageFile.Read(path);
        JsonElement array = entry.GetProperty("array");
        int[] shape = [.. array.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())];
        if (entry.TryGetProperty("exifOrientation", out JsonElement turn) && turn.GetInt32() >= 5)
        {
            (shape[0], shape[1]) = (shape[1], shape[0]);
        }

        List<string> problems = [];
        string mode = entry.GetProperty("mode").GetString()!;
        int channels = mode == "CMYK" ? 3 : shape.Length == 3 ? shape[2] : mode == "P" ? image.Channels : 1;
        if ((image.Height, image.Width, image.Channels) != (shape[0], shape[1], channels))
        {
            problems.Add(
                $"is [{image.Height}, {image.Width}, {image.Channels}] instead of {array.GetProperty("shape")}");
            return problems;
        }

        // Colours of a CMYK file depend on its profile; palette indices of a TIFF are not kept.
        if (mode is not "CMYK" && (mode is not "P" || image.PaletteIndices is not null))
        {
            CompareValues(entry, array, image, problems);
        }

        return problems;
    }

    private static void CompareValues(JsonElement entry, JsonElement array, Image image, List<string> problems)
    {
        int[]? classes = image.Channels == 2 ? null : image.ClassValues();
        bool narrowed = array.GetProperty("dtype").ValueEquals("uint8") && image.BitDepth == 16;

        // The reference reader drops the low byte of 16-bit colour samples.
        int[] values = classes ?? (image.BitDepth == 8
            ? Array.ConvertAll(image.Bytes, b => (int)b)
            : Array.ConvertAll(image.Words, w => narrowed ? w >> 8 : w));

        // Lossy decoders may round differently by one.
        int slack = entry.GetProperty("format").ValueEquals("JPEG") ? 1 : 0;
        double low = array.GetProperty("min").GetDouble();
        double high = array.GetProperty("max").GetDouble();
        if (Math.Abs(values.Min() - low) > slack || Math.Abs(values.Max() - high) > slack)
        {
            problems.Add($"range {values.Min()}..{values.Max()} instead of {low}..{high}");
        }

        if (array.TryGetProperty("sha256", out JsonElement sha))
        {
            byte[] bytes = array.GetProperty("dtype").GetString() switch
            {
                "int32" => MemoryMarshal.AsBytes(values.AsSpan()).ToArray(),
                "uint16" => MemoryMarshal.AsBytes(Array.ConvertAll(values, v => (ushort)v).AsSpan()).ToArray(),
                // The reference reader's bool arrays hold 255 for true.
                "bool" => Array.ConvertAll(values, v => v == 0 ? (byte)0 : (byte)255),
                _ => Array.ConvertAll(values, v => (byte)v),
            };
            string actual = Convert.ToHexStringLower(SHA256.HashData(bytes));
            if (!sha.ValueEquals(actual))
            {
                problems.Add($"sha256 {actual} instead of {sha}");
            }
        }
    }
}
