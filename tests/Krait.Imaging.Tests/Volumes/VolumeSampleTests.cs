using System.Text.Json;
using Xunit.Abstractions;

namespace Krait.Imaging.Tests.Volumes;

/// <summary>Real volumes, against what a reference reader said of them.</summary>
[Trait("Category", "Samples")]
public sealed class VolumeSampleTests(ITestOutputHelper log)
{
    [SamplesFact]
    public void Volumes_of_every_manifest_read_as_it_says()
    {
        int files = 0;
        List<string> wrong = [];
        foreach (string path in Directory.EnumerateFiles(
            SamplesFactAttribute.Root!, "manifest.json", SearchOption.AllDirectories))
        {
            using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(path));
            foreach (JsonProperty entry in manifest.RootElement.EnumerateObject())
            {
                string file = Path.Combine(Path.GetDirectoryName(path)!, entry.Name);
                if (VolumeFile.HasVolumeExtension(file))
                {
                    files++;
                    wrong.AddRange(Problems(file, entry.Value).Select(p => $"{entry.Name}: {p}"));
                }
            }
        }

        log.WriteLine($"{files} volumes of manifests read");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.NotEqual(0, files);
    }

    [SamplesFact]
    public void Every_volume_below_the_folder_can_be_read_and_labels_come_back()
    {
        string scratch = Directory.CreateTempSubdirectory("krait-samples-").FullName;
        int files = 0;
        foreach (string path in Directory.EnumerateFiles(
            SamplesFactAttribute.Root!, "*.nii*", SearchOption.AllDirectories).Where(VolumeFile.HasVolumeExtension))
        {
            Volume volume = VolumeFile.Read(path);
            string copy = Path.Combine(scratch, "copy.nii");
            VolumeFile.Write(copy, new LabelVolume(volume.Geometry, new byte[volume.Geometry.Voxels]));
            Assert.True(VolumeFile.ReadHeader(copy).Geometry.IsNear(volume.Geometry, 1e-3), path);
            files++;
        }

        Directory.Delete(scratch, recursive: true);
        log.WriteLine($"{files} volumes read");
        Assert.NotEqual(0, files);
    }

    private static IEnumerable<string> Problems(string path, JsonElement entry)
    {
        Volume volume = VolumeFile.Read(path);
        VolumeHeader header = VolumeFile.ReadHeader(path);
        VolumeGeometry g = volume.Geometry;
        List<string> problems = [];
        void Compare(string what, IEnumerable<double> got, IEnumerable<double> expected, double relative)
        {
            double[] a = [.. got], b = [.. expected];
            if (a.Length != b.Length
                || a.Zip(b).Any(p => !(Math.Abs(p.First - p.Second) <= relative * Math.Max(1, Math.Abs(p.Second)))))
            {
                problems.Add($"{what} [{string.Join(", ", a)}] instead of [{string.Join(", ", b)}]");
            }
        }

        double[] shape = Numbers(entry.GetProperty("shape"));
        Compare("size", [g.Width, g.Height, g.Depth, volume.Channels],
            [.. shape.Take(3), shape.Skip(3).Aggregate(1.0, (a, b) => a * b)], 0);
        string type = entry.GetProperty("storedType").GetString()!;
        string named = type.StartsWith('>') ? Named(type) : type;
        if (header.ElementType != named || header.IsBigEndian != entry.GetProperty("endian").ValueEquals("big"))
        {
            problems.Add($"stored as {header.ElementType} instead of {named}");
        }

        Compare("scaling", [header.Slope, header.Intercept],
            [.. entry.GetProperty("slopeInter").EnumerateArray().Select((v, i) =>
                v.ValueKind == JsonValueKind.Null ? 1 - i : v.GetDouble())], 1e-6);
        Compare("affine", g.Affine.ToArray(),
            entry.GetProperty("affine").EnumerateArray().Take(3).SelectMany(Numbers), 1e-5);
        Compare("spacing", g.SpacingMm.Reverse(), Numbers(entry.GetProperty("zooms")).Take(3), 1e-4);
        if (!entry.GetProperty("axcodes").ValueEquals(g.Affine.AxisCodes))
        {
            problems.Add($"axes {g.Affine.AxisCodes} instead of {entry.GetProperty("axcodes")}");
        }

        CompareValues(volume, entry, Compare);
        return problems;
    }

    private static void CompareValues(Volume volume, JsonElement entry,
        Action<string, IEnumerable<double>, IEnumerable<double>, double> compare)
    {
        JsonElement real = entry.GetProperty("real");
        double Of(string key) => real.GetProperty(key).GetDouble();
        float[] x = [.. volume.Samples.Where(float.IsFinite)];
        compare("range", [x.Min(), x.Max()], [Of("min"), Of("max")], 1e-6);
        compare("mean", [x.Average(v => (double)v)], [Of("mean")], 1e-6);
        compare("voxels that are no numbers", [volume.Samples.Length - x.Length], [Of("nonfinite")], 0);
        int[] index = [.. Numbers(entry.GetProperty("voxel").GetProperty("index")).Select(i => (int)i)];
        VolumeGeometry g = volume.Geometry;
        int at = ((((index[2] * g.Height) + index[1]) * g.Width) + index[0]) * volume.Channels
            + (index.Length > 3 ? index[3] : 0);
        compare("voxel", [volume.Samples[at]], [entry.GetProperty("voxel").GetProperty("value").GetDouble()], 1e-6);
    }

    private static string Named(string code) =>
        (code[1] switch { 'i' => "int", 'u' => "uint", _ => "float" }) + (8 * (code[2] - '0'));

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetDouble())];
}
