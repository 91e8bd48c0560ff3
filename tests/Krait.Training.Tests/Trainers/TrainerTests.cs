using Krait.Imaging;
using Krait.Training.Config;
using Krait.Training.Data;
using Krait.Training.Evaluation;
using Krait.Training.Runs;
using Krait.Weights;

namespace Krait.Training.Tests.Trainers;

/// <summary>Whole runs of a very small network on drawn lesions.</summary>
public sealed class TrainerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public TrainerTests() => SyntheticLesions.Write(folder["data"], 1, train: 8, val: 4, test: 2, size: 32);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_run_leaves_a_complete_folder_and_its_weights_predict()
    {
        var seen = new List<TrainProgress>();
        var result = Trainer.Run(Config("a"), "krait train", new Listener(seen.Add));
        Assert.Equal((2, false, false), (result.Epochs, result.IsInterrupted, result.IsStoppedEarly));
        foreach (string file in new[]
        {
            "log.txt", "fingerprint.json", "config.yaml", "command.txt", "environment.json", "dataset.json",
            "splits.json", "metrics.csv", "metrics.jsonl",
            "curves.svg", "curves.png", "report.md", "DONE", "checkpoints/best.safetensors",
            "checkpoints/last.safetensors",
            "checkpoints/trainer_state.safetensors", "eval/val/summary.json", "eval/test/per_case.csv",
        })
            Assert.True(File.Exists(Path.Combine(result.RunFolder, file)), file);
        Assert.Single(Directory.GetFiles(result.RunFolder, "events.out.tfevents.*"));
        Assert.Equal(4, Directory.GetFiles(result.RunFolder + "/samples/epoch_002").Length);
        Assert.Equal(4, Directory.GetFiles(result.RunFolder + "/eval/val/overlays").Length);
        Assert.Equal(2, MetricsTable.Read(result.RunFolder + "/metrics.csv").Rows.Count);
        Assert.True(seen[0].Memory!.ArenaBytes > 0);
        Assert.Equal(2, seen.Count(p => p.Completed is not null));
        Assert.Equal(Config("a").ToYaml(), File.ReadAllText(result.RunFolder + "/config.yaml"));

        using var predictor = Predictor.Load(result.RunFolder + "/checkpoints/best.safetensors", threads: 1);
        Assert.Equal("lesion", predictor.Model.Classes[1].Name);
        Assert.Equal(Config("a").Preprocessing, predictor.Model.Preprocessing);
        var data = Dataset.Open(folder["data"]);
        var scores = Evaluator.Run(predictor, data["val"], data.Coding);
        Assert.Contains(scores.Dice.Mean.ToString("0.0000", System.Globalization.CultureInfo.InvariantCulture),
            File.ReadAllText(result.RunFolder + "/report.md"));
        // Several threads at once give what one gives.
        var picture = SyntheticLesions.Draw(5, 5, 50).Picture;
        float[] alone = predictor.Predict(picture).Probabilities;
        var together = new float[4][];
        Parallel.For(0, 4, i => together[i] = predictor.Predict(picture.Bytes, 50, 50, 3).Probabilities);
        Assert.All(together, p => Assert.Equal(alone, p));
    }

    [Fact]
    public void Interrupted_and_resumed_gives_the_bits_of_an_uninterrupted_run()
    {
        var whole = Trainer.Run(Config("whole"));
        // Cancelled after the third step: in the middle of the second epoch.
        using var stop = new CancellationTokenSource();
        int steps = 0;
        var part = Trainer.Run(Config("part"), "", new Listener(p =>
        {
            if (p.Phase == TrainPhase.Train && ++steps == 3) stop.Cancel();
        }), stop.Token);
        Assert.True(part.IsInterrupted);
        Assert.Equal(1, part.Epochs);
        Assert.False(File.Exists(part.RunFolder + "/DONE"));
        var resumed = Trainer.Resume(part.RunFolder);
        Assert.Equal((2, false), (resumed.Epochs, resumed.IsInterrupted));
        Assert.Equal(Tensors(whole.RunFolder, "last"), Tensors(resumed.RunFolder, "last"));
        Assert.Equal(Tensors(whole.RunFolder, "best"), Tensors(resumed.RunFolder, "best"));
        Assert.Equal(Losses(whole.RunFolder), Losses(resumed.RunFolder));
        Assert.Equal(File.ReadAllLines(whole.RunFolder + "/metrics.jsonl").Length,
            File.ReadAllLines(resumed.RunFolder + "/metrics.jsonl").Length);
    }

    /// <summary>After the last batch, and after the last epoch:
    /// nothing of what was trained is lost or done twice.</summary>
    [Theory]
    [InlineData(TrainPhase.Validate)]
    [InlineData(TrainPhase.Evaluate)]
    public void Cancelled_after_the_last_step_keeps_the_checkpoint_and_resumes_to_the_same_bits(TrainPhase phase)
    {
        var whole = Trainer.Run(Config("whole") with { Batch = 2 });
        using var stop = new CancellationTokenSource();
        var part = Trainer.Run(Config("part") with { Batch = 2 }, "", new Listener(p =>
        {
            if (p.Phase == phase && p.Epoch == 2 && p.Done < p.Total) stop.Cancel();
        }), stop.Token);
        Assert.Equal((true, phase == TrainPhase.Validate ? 1 : 2), (part.IsInterrupted, part.Epochs));
        Assert.False(File.Exists(part.RunFolder + "/DONE"));
        if (phase == TrainPhase.Evaluate)
            Assert.Equal(Tensors(whole.RunFolder, "trainer_state"), Tensors(part.RunFolder, "trainer_state"));
        var resumed = Trainer.Resume(part.RunFolder);
        Assert.Equal((2, false), (resumed.Epochs, resumed.IsInterrupted));
        Assert.True(File.Exists(part.RunFolder + "/DONE"));
        foreach (string file in new[] { "trainer_state", "last", "best" })
            Assert.Equal(Tensors(whole.RunFolder, file), Tensors(resumed.RunFolder, file));
        Assert.Equal(Losses(whole.RunFolder), Losses(resumed.RunFolder));
    }

    [Fact]
    public void Frozen_parameters_wait_and_a_run_resumes_in_every_stage_to_the_same_bits()
    {
        TrainConfig Frozen(string name) => Config(name) with
        {
            Epochs = 3,
            Freeze = new() { Epochs = 2, Names = ["vmunet."], Except = ["patch_embed"] },
        };
        using var fresh = TrainedModel.Create(Config("x").Model, Config("x").Preprocessing,
            ClassInfo.Binary("lesion"), Config("x").Seed);
        fresh.Save(folder["fresh.safetensors"]);
        File.Copy(folder["fresh.safetensors"], Directory.CreateDirectory(folder["fresh", "checkpoints"]).FullName
            + "/last.safetensors");
        var before = Tensors(folder["fresh"], "last");
        var stage = Tensors(Trainer.Run(Frozen("stage") with { Epochs = 2 }).RunFolder, "last");
        Assert.All(before.Keys.Where(k => k.StartsWith("vmunet.layers.0.blocks")),
            k => Assert.Equal(before[k], stage[k]));
        Assert.NotEqual(before["vmunet.patch_embed.proj.weight"], stage["vmunet.patch_embed.proj.weight"]);
        Assert.NotEqual(before["seg_outs.3.weight"], stage["seg_outs.3.weight"]);
        var whole = Trainer.Run(Frozen("whole"));
        const string In = "vmunet.layers.0.blocks.0.self_attention.in_proj.weight";
        Assert.NotEqual(before[In], Tensors(whole.RunFolder, "last")[In]);
        foreach (int last in new[] { 1, 5 })
        {
            using var stop = new CancellationTokenSource();
            int steps = 0;
            var part = Trainer.Run(Frozen($"part{last}"), "", new Listener(p =>
            {
                if (p.Phase == TrainPhase.Train && ++steps == last) stop.Cancel();
            }), stop.Token);
            Assert.True(part.IsInterrupted);
            var resumed = Trainer.Resume(part.RunFolder);
            Assert.Equal(Tensors(whole.RunFolder, "trainer_state"), Tensors(resumed.RunFolder, "trainer_state"));
        }
    }

    [Theory]
    [InlineData("encoder.", "vmunet")]
    [InlineData("", "nothing learns")]
    public void Freezing_what_is_not_there_or_everything_is_refused(string name, string words)
    {
        var config = Config("x") with { Freeze = new() { Epochs = 1, Names = [name] } };
        Assert.Contains(words, Assert.Throws<ConfigException>(() => Trainer.Run(config)).Message);
        Assert.Contains("freeze.names", Assert.Throws<ConfigException>(
            () => Trainer.Run(config with { Freeze = new() { Epochs = 1 } })).Message);
    }

    [Fact]
    public void Threads_do_not_change_the_bits_and_the_seed_does()
    {
        var one = Trainer.Run(Config("one") with { Threads = 1 });
        var two = Trainer.Run(Config("two") with { Threads = 2 });
        var other = Trainer.Run(Config("other") with { Seed = 7 });
        Assert.Equal(Tensors(one.RunFolder, "last"), Tensors(two.RunFolder, "last"));
        Assert.NotEqual(Tensors(one.RunFolder, "last"), Tensors(other.RunFolder, "last"));
    }

    [Fact]
    public void Accumulated_micro_batches_train_and_too_many_are_refused()
    {
        var result = Trainer.Run(Config("acc") with { Batch = 2, Accumulation = 2, Epochs = 1 });
        Assert.Equal(2, File.ReadLines(result.RunFolder + "/metrics.jsonl").Count(l => l.Contains("\"loss\"")));
        var error = Assert.Throws<ConfigException>(() => Trainer.Run(Config("no") with { Accumulation = 3 }));
        Assert.Contains("accumulation", error.Message);
        Assert.False(Directory.Exists(folder["runs", "no"]));
    }

    [Fact]
    public void Early_stop_ends_a_run_whose_validation_stands_still()
    {
        var config = Config("still");
        var result = Trainer.Run(config with
        { Epochs = 30, EarlyStop = 2, Optimizer = config.Optimizer with { LearningRate = 0 } });
        Assert.True(result.IsStoppedEarly);
        Assert.InRange(result.Epochs, 3, 29);
    }

    [Fact]
    public void Resume_refuses_what_cannot_change()
    {
        var result = Trainer.Run(Config("r") with { Epochs = 1 });
        Assert.Contains("another model", Assert.Throws<ConfigException>(
            () => Trainer.Resume(result.RunFolder, [new("model.options.width", "32")])).Message);
        Assert.Contains("optimizer", Assert.Throws<ConfigException>(
            () => Trainer.Resume(
                Trainer.Run(Config("s") with { Epochs = 1, Optimizer = new() { Kind = OptimizerKind.Sgd } })
                .RunFolder, [new("optimizer.kind", "adamw")])).Message);
        Assert.Contains("optimizer", Assert.Throws<ConfigException>(
            () => Trainer.Resume(result.RunFolder, [new("optimizer.kind", "adamax")])).Message);
        Assert.Contains("seed", Assert.Throws<ConfigException>(
            () => Trainer.Resume(result.RunFolder, [new("seed", "1")])).Message);
        Assert.Throws<ConfigException>(() => Trainer.Resume(folder.Root));
        string? note = null;
        var listener = new Listener(p => note ??= p.Note);
        Assert.Equal(2, Trainer.Resume(result.RunFolder, [new("epochs", "2")], listener).Epochs);
        Assert.DoesNotContain("have changed", note);
        string mask = Directory.GetFiles(folder["data", "val", "masks"]).Order().First();
        ImageFile.WritePng(mask, new Image(32, 32, 1, new byte[32 * 32]));
        note = null;
        Assert.Equal(3, Trainer.Resume(result.RunFolder, [new("epochs", "3")], listener).Epochs);
        Assert.Contains("have changed since the run began: val.", note);
        string[] log = File.ReadAllLines(result.RunFolder + "/log.txt");
        Assert.Equal(3, log.Count(l => l.Contains("done: ")));
        Assert.Equal([1, 1, 1], Enumerable.Range(1, 3).Select(e => log.Count(l => l.Contains($"  epoch {e}: loss"))));
    }

    [Fact]
    public void Wrong_sizes_options_and_losses_are_named_before_anything_is_written()
    {
        var config = Config("x");
        string Message(TrainConfig c) => Assert.Throws<ConfigException>(() => Trainer.Run(c)).Message;
        Assert.Contains("depthss", Message(config with
        { Model = config.Model with { Options = new Dictionary<string, string> { ["depthss"] = "[1]" } } }));
        Assert.Contains("ce_dice", Message(config with { Loss = new() { Kind = LossKind.CeDice } }));
        Assert.Contains("data.root", Message(config with { Data = new() }));
        Assert.False(Directory.Exists(folder["runs"]));
    }

    private TrainConfig Config(string name) => new()
    {
        Model = new()
        {
            Id = "vmunetv2",
            Options = new SortedDictionary<string, string>
            { ["depths"] = "[1, 1, 1, 1]", ["width"] = "16", ["mid_channels"] = "8", ["states"] = "4" },
        },
        Data = new() { Root = folder["data"] },
        Preprocessing = new() { Height = 32, Width = 32 },
        Epochs = 2,
        Batch = 4,
        Runs = folder["runs"],
        Name = name,
        SampleEvery = 2,
        Threads = 2,
    };

    private static Dictionary<string, string> Tensors(string run, string which)
    {
        using var file = SafetensorsFile.Read(Path.Combine(run, "checkpoints", which + ".safetensors"));
        return file.Tensors.ToDictionary(t => t.Name, t => Convert.ToHexString(
            System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(t.ToFloat32())));
    }

    private static double[] Losses(string run) => [.. MetricsTable.Read(run + "/metrics.csv").Rows.Select(r => r[2])];

    private sealed class Listener(Action<TrainProgress> action) : IProgress<TrainProgress>
    {
        public void Report(TrainProgress value) => action(value);
    }
}
