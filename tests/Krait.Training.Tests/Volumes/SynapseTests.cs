using System.IO.Compression;
using System.Text;
using Krait.Imaging;
using Krait.Imaging.Transforms;
using Krait.Training.Config;
using Krait.Training.Data;
using Krait.Training.Evaluation;

namespace Krait.Training.Tests.Volumes;

/// <summary>Slices to train on and volumes to test with, as TransUNet lays out Synapse.</summary>
public sealed class SynapseTests : IDisposable
{
    private const int Size = 40;
    private readonly TemporaryFolder folder = new();

    public SynapseTests()
    {
        for (int c = 0; c < 4; c++)
            for (int s = 0; s < 3; s++) Write("train_npz", $"case000{c}_slice{10 * s:000}", c, slices: 0);
        Write("train_npz", "case0009_slice000", 9, slices: 0);
        for (int c = 5; c < 7; c++) Write("test_vol_npz", $"case000{c}", c, slices: 4);
        Directory.CreateDirectory(folder["data", "lists", "lists_Synapse"]);
        File.WriteAllLines(folder["data", "lists", "lists_Synapse", "train.txt"],
            Enumerable.Range(0, 12).Select(i => $"case000{i / 3}_slice{10 * (i % 3):000} "));
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Lists_say_what_is_used_and_slices_of_a_case_stay_together()
    {
        var data = Dataset.Open(folder["data"]);
        Assert.Equal([("train", 12), ("test", 2)], data.Parts.Select(p => (p.Name, p.Samples.Count)));
        Assert.Equal([0, 1, 2], data.Classes.Select(c => c.Value!.Value));
        for (ulong seed = 0; seed < 8; seed++)
        {
            var splits = Splits.Of(data, seed, 0.2, 0.1);
            Assert.Equal((9, 3, 2), (splits.Train.Count, splits.Val.Count, splits.Test.Count));
            Assert.Single(splits.Val.Select(s => s.Subject).Distinct());
        }
        DatasetReport report = new DatasetVerifier(data).Verify();
        Assert.Equal(0, report.Errors);
        Assert.All(report.Parts, p => Assert.Empty(p.VoxelSizes)); // The files do not say them.
        Directory.CreateDirectory(folder["other", "test_vol_h5"]);
        Directory.Move(folder["data", "test_vol_npz"], folder["other", "test_vol_npz"]);
        Directory.Move(folder["other", "test_vol_h5"], folder["data", "test_vol_h5"]);
        File.WriteAllText(folder["data", "test_vol_h5", "case0005.npy.h5"], "");
        Assert.Equal(["test_vol_h5/case0005.npy.h5"], Dataset.Open(folder["data"]).Parts[1].Strangers);
        File.AppendAllText(folder["data", "lists", "lists_Synapse", "train.txt"], "case0001_slice999\n");
        Assert.Contains("1 of 13 names have no file in train_npz that can be read, the first is case0001_slice999",
            Assert.Throws<ConfigException>(() => Dataset.Open(folder["data"])).Message);
    }

    [Fact]
    public void Slices_are_brought_to_their_size_and_labels_back_as_in_the_published_code()
    {
        var p = Preprocessing;
        var volume = VolumeFile.Read(folder["data", "test_vol_npz", "case0005.npz"]);
        var grid = new VolumeGrid(volume.Geometry, p.Spacing, p.Slices);
        Assert.Equal(new Extent(4, 32, 24), grid.Size);
        float[] second = [.. volume.Samples.AsSpan(Size * Size, Size * Size)];
        Assert.Equal(NdTransforms.Zoom(second, [Size, Size], [32, 24], 3),
            VolumeReader.Prepare(p with { Channels = 1 }, grid, volume).AsSpan(32 * 24, 32 * 24).ToArray());
        float[] three = VolumeReader.Prepare(p, grid, volume);
        Assert.All(Enumerable.Range(0, three.Length), i => Assert.Equal(three[i - i % 3], three[i]));
        // Probabilities brought back and then labelled are labels brought back.
        float[] scores = [.. Enumerable.Range(0, grid.Size.Voxels * 2).Select(i => (float)(i * 7 % 13))];
        var readout = new Readout(2);
        float[] labels = Array.ConvertAll(readout.ToLabels(scores), v => (float)v);
        Assert.Equal(NdTransforms.Zoom(labels.AsSpan(0, 32 * 24), [32, 24], [Size, Size], 0),
            Array.ConvertAll(readout.ToLabels(grid.ToNativeSize(scores, 2))[..(Size * Size)], v => (float)v));
    }

    [Fact]
    public void A_2d_network_trains_on_slices_and_is_scored_on_volumes()
    {
        var config = TrainConfig.ForVolumes with
        {
            Model = new()
            {
                Id = "vmunet",
                Options = new SortedDictionary<string, string>
                { ["depths"] = "[1, 1, 1, 1]", ["depths_decoder"] = "[1, 1, 1, 1]", ["width"] = "8", ["states"] = "4" },
            },
            Data = new() { Root = folder["data"], Patches = 1 },
            Preprocessing = Preprocessing with { Patch = new Extent(1, 32, 32), Slices = new SliceSize(32, 32) },
            Epochs = 1,
            Batch = 4,
            Runs = folder["runs"],
            SampleEvery = 0,
            Threads = 1,
        };
        var result = Trainer.Run(config);
        using var predictor = Predictor.Load(result.RunFolder + "/checkpoints/best.safetensors", threads: 1);
        Assert.Equal(config.Preprocessing, predictor.Model.Preprocessing);
        var data = Dataset.Open(folder["data"]);
        var scores = Evaluator.Run(predictor, data["test"], data.Coding,
            new EvaluationOptions { Measures = new(HasDistances: true) });
        Assert.Equal(2L * 4 * Size * Size, scores.Matrix.Total);
        Assert.Equal(["test_vol_npz/case0005", "test_vol_npz/case0006"], scores.Images.Select(i => i.Name));
        Assert.Equal(["hd95_class1", "hd95_class2"], scores.More.Select(m => m.Name).Where(n => n.StartsWith("hd95")));
        Assert.Contains("in place of preprocessing.spacing", Assert.Throws<ConfigException>(
            () => TrainConfig.Resolve("preprocessing: {patch: [1, 8, 8], slices: 8, spacing: [1, 1, 1]}")).Message);
        Assert.Equal(new SliceSize(8, 9),
            TrainConfig.Resolve("preprocessing: {patch: [1, 8, 9], slices: [8, 9]}").Preprocessing.Slices);
    }

    private static Preprocessing Preprocessing => new()
    { Patch = new Extent(1, 32, 24), Slices = new SliceSize(32, 24), Channels = 3, Normalization = Normalization.None };

    /// <summary>A bright square in a dark one, moved by the case and the slice; values from 0 to 1.</summary>
    private void Write(string part, string name, int seed, int slices)
    {
        Directory.CreateDirectory(folder["data", part]);
        int count = Math.Max(1, slices) * Size * Size;
        float[] labels = [.. Enumerable.Range(0, count).Select(i => Math.Max(Math.Abs(i / Size % Size - 14 - seed),
            Math.Abs(i % Size - 16 - i / (Size * Size))) switch { < 4 => 2f, < 8 => 1f, _ => 0f })];
        float[] image = [.. labels.Select((v, i) => 0.4f * v
            + (i * 31 + seed * 3 + name.Length + name[^2]) % 11 / 60f)];
        string shape = slices == 0 ? $"({Size}, {Size})" : $"({slices}, {Size}, {Size})";
        using ZipArchive zip = ZipFile.Open(folder["data", part, name + ".npz"], ZipArchiveMode.Create);
        foreach (var (array, values) in new[] { ("image", image), ("label", labels) })
        {
            using Stream entry = zip.CreateEntry(array + ".npy").Open();
            string header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n";
            entry.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header)]);
            entry.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values));
        }
    }
}
