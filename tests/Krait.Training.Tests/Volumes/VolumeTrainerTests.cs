using System.Runtime.InteropServices;
using Krait.Imaging;
using Krait.Training.Config;
using Krait.Training.Data;
using Krait.Training.Evaluation;
using Krait.Training.Runs;
using Krait.Weights;

namespace Krait.Training.Tests.Volumes;

/// <summary>Whole runs of a very small 3-D network on drawn balls.</summary>
public sealed class VolumeTrainerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public VolumeTrainerTests() => SyntheticVolumes.Write(folder["data"]);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_run_leaves_a_complete_folder_and_its_weights_predict_any_orientation()
    {
        var result = Trainer.Run(Config("a") with { SampleEvery = 2 });
        foreach (string file in new[]
        {
            "config.yaml", "splits.json", "metrics.csv", "curves.png", "report.md", "DONE",
            "checkpoints/best.safetensors", "eval/val/summary.json", "eval/test/per_case.csv",
        })
            Assert.True(File.Exists(Path.Combine(result.RunFolder, file)), file);
        Assert.Equal(2, Directory.GetFiles(result.RunFolder + "/samples/epoch_002").Length);
        var written = TrainConfig.Load(result.RunFolder + "/config.yaml");
        Assert.Equal(Config("a").ToYaml(), (written with { SampleEvery = 0 }).ToYaml());

        using var predictor = Predictor.Load(result.RunFolder + "/checkpoints/best.safetensors", threads: 1);
        Assert.Equal(Config("a").Preprocessing, predictor.Model.Preprocessing);
        Assert.Equal("bright", predictor.Model.Classes[1].Name);
        var data = Dataset.Open(folder["data"]);
        var scores = Evaluator.Run(predictor, data["val"], data.Coding);
        Assert.Contains(scores.Dice.Mean.ToString("0.0000", System.Globalization.CultureInfo.InvariantCulture),
            File.ReadAllText(result.RunFolder + "/report.md"));

        var (image, _) = SyntheticVolumes.Draw(50, Affine.Scaling(1, 1, 1.5));
        byte[] labels = predictor.Predict(image).Labels.Labels;
        // The same volume with columns and slices the other way round, and said so.
        var flipped = new VolumeGeometry(14, 12, 10, new Affine([-1, 0, 0, 13, 0, 1, 0, 0, 0, 0, -1.5, 13.5]));
        var turn = Reorientation.ToRas(flipped.Affine);
        var prediction = predictor.Predict(new Volume(flipped, 1, turn.Apply(image.Samples, image.Geometry, 1)));
        Assert.Same(flipped, prediction.Labels.Geometry);
        Assert.Equal(labels, turn.Apply(prediction.Labels.Labels, flipped, 1));
        Assert.Contains("pictures", Assert.Throws<ConfigException>(
            () => predictor.Predict(new Image(8, 8, 1, new byte[64]))).Message.Replace("a picture", "pictures"));
    }

    [Fact]
    public void Interrupted_and_resumed_gives_the_bits_of_an_uninterrupted_run_on_one_or_two_threads()
    {
        var whole = Trainer.Run(Config("whole"));
        using var stop = new CancellationTokenSource();
        int steps = 0;
        var part = Trainer.Run(Config("part") with { Threads = 1 }, "", new Listener(p =>
        {
            if (p.Phase == TrainPhase.Train && ++steps == 5) stop.Cancel();
        }), stop.Token);
        Assert.True(part.IsInterrupted);
        Assert.Equal(1, part.Epochs);
        var resumed = Trainer.Resume(part.RunFolder);
        Assert.Equal((2, false), (resumed.Epochs, resumed.IsInterrupted));
        Assert.Equal(Tensors(whole.RunFolder), Tensors(resumed.RunFolder));
        Assert.Equal(MetricsTable.Read(whole.RunFolder + "/metrics.csv").Rows.Select(r => r[2]),
            MetricsTable.Read(resumed.RunFolder + "/metrics.csv").Rows.Select(r => r[2]));
    }

    [Fact]
    public void Ct_ranges_are_found_out_once_and_kept_with_the_weights()
    {
        var config = Config("ct");
        var result = Trainer.Run(config with
        { Epochs = 1, Preprocessing = config.Preprocessing with { Normalization = Normalization.Ct } });
        var range = TrainConfig.Load(result.RunFolder + "/config.yaml").Preprocessing.Ct!.Value;
        Assert.InRange(range.Low, 20, 35);
        Assert.InRange(range.High, 180, 191);
        using var predictor = Predictor.Load(result.RunFolder + "/checkpoints/best.safetensors", threads: 1);
        Assert.Equal(range, predictor.Model.Preprocessing.Ct);
    }

    [Fact]
    public void A_2d_network_trains_on_slices_and_is_scored_on_volumes()
    {
        var config = Config("slices");
        var result = Trainer.Run(config with
        {
            Model = config.Model with { Id = "vmunetv2", Options = VmUnetV2 },
            Preprocessing = config.Preprocessing with { Patch = new Extent(1, 32, 32) },
            Epochs = 1,
        });
        using var predictor = Predictor.Load(result.RunFolder + "/checkpoints/best.safetensors", threads: 1);
        var (image, _) = SyntheticVolumes.Draw(50);
        Assert.Equal(image.Geometry.Voxels, predictor.Predict(image).Labels.Labels.Length);
        Assert.Equal(10, new SlidingWindow([10, 20, 20], [1, 32, 32]).Windows.Count);
    }

    [Fact]
    public void What_does_not_go_together_is_named_before_anything_is_written()
    {
        var config = Config("x");
        string Message(TrainConfig c) => Assert.Throws<ConfigException>(() => Trainer.Run(c)).Message;
        Assert.Contains("--patch", Message(config with { Preprocessing = new() }));
        Assert.Contains("--patch 1x", Message(config with { Model = new() { Id = "vmunet" } }));
        var two = config.Preprocessing with { Channels = 2 };
        Assert.Contains("channels", Message(config with { Preprocessing = two }));
        Assert.Contains("ct is for volumes", Assert.Throws<ConfigException>(
            () => TrainConfig.Resolve("preprocessing: {normalize: ct}")).Message);
        Assert.Contains("three numbers", Assert.Throws<ConfigException>(
            () => TrainConfig.Resolve("preprocessing: {patch: [8, 8]}")).Message);
    }

    [Fact]
    public void A_patch_brings_the_defaults_of_volumes_and_what_is_set_stays()
    {
        var config = TrainConfig.Resolve("preprocessing: {patch: [8, 16, 16]}\naugmentation: {rotate: 0}");
        var p = config.Preprocessing;
        Assert.Equal((2, 1, Normalization.Standardize), (config.Batch, p.Channels, p.Normalization));
        Assert.Equal((0, 0.2), (config.Augmentation.RotateProbability, config.Augmentation.ScaleProbability));
        Assert.Equal(config.ToYaml(), TrainConfig.Resolve(config.ToYaml()).ToYaml());
        Assert.Equal(8, TrainConfig.Resolve("").Batch);
    }

    private static SortedDictionary<string, string> VmUnetV2 =>
        new() { ["depths"] = "[1, 1, 1, 1]", ["width"] = "16", ["mid_channels"] = "8", ["states"] = "4" };

    private TrainConfig Config(string name) => TrainConfig.ForVolumes with
    {
        Model = new()
        {
            Id = "lightm-unet",
            Options = new SortedDictionary<string, string>
            { ["width"] = "8", ["depths"] = "[1, 1]", ["depths_decoder"] = "[1]", ["states"] = "4" },
        },
        Data = new() { Root = folder["data"], Patches = 2 },
        Preprocessing = TrainConfig.ForVolumes.Preprocessing with
        { Patch = new Extent(8, 8, 12), Spacing = new VoxelSize(1.5, 1.25, 1) },
        Epochs = 2,
        Runs = folder["runs"],
        Name = name,
        SampleEvery = 0,
        Threads = 2,
    };

    private static Dictionary<string, string> Tensors(string run)
    {
        using var file = SafetensorsFile.Read(Path.Combine(run, "checkpoints", "last.safetensors"));
        return file.Tensors.ToDictionary(t => t.Name,
            t => Convert.ToHexString(MemoryMarshal.AsBytes<float>(t.ToFloat32())));
    }

    private sealed class Listener(Action<TrainProgress> action) : IProgress<TrainProgress>
    {
        public void Report(TrainProgress value) => action(value);
    }
}
