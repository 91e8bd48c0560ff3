using System.Text.Json.Nodes;
using Krait.Training.Config;
using Krait.Training.Data;

namespace Krait.Cli.Tests;

/// <summary>One tiny run that the tests of this class share: train, then evaluate, predict and resume.</summary>
public sealed class TinyRun : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public TinyRun()
    {
        SyntheticLesions.Write(Data, seed: 3, train: 8, val: 4, test: 4, size: 32);
        Trained = CliRun.Of(["train", .. Flags, "--epochs", "1", "--name", "tiny", "--json"]);
    }

    internal CliRun Trained { get; }
    public string Data => _folder["lesions"];
    public string Run => _folder["runs", "tiny"];

    public string[] Flags =>
    [
        "--data", Data, "--size", "32", "--batch", "4", "--option", "depths=[1,1,1,1]", "--option", "width=16",
        "--option", "midChannels=8", "--runs", _folder["runs"],
    ];

    public string PathOf(params string[] parts) => _folder[parts];

    public void Dispose() => _folder.Dispose();
}

public sealed class TrainTests(TinyRun tiny) : IClassFixture<TinyRun>
{
    [Fact]
    public void Training_leaves_a_run_folder()
    {
        Assert.Equal((ExitCode.Success, ""), (tiny.Trained.Code, tiny.Trained.Code == 0 ? "" : tiny.Trained.Error));
        Assert.Equal(1, (int)JsonNode.Parse(tiny.Trained.Output)!["epochs"]!);
        foreach (string file in new[]
        {
            "config.yaml", "command.txt", "environment.json", "dataset.json", "splits.json", "metrics.csv",
            "metrics.jsonl", "curves.svg", "curves.png", "report.md", "DONE", "checkpoints/best.safetensors",
            "eval/test/summary.json",
        })
            Assert.True(File.Exists(Path.Combine(tiny.Run, file)), file);
        Assert.StartsWith("krait train --data", File.ReadAllText(Path.Combine(tiny.Run, "command.txt")));
    }

    [Fact]
    public void Evaluation_uses_the_runs_own_data_and_a_gate_ends_with_7()
    {
        CliRun run = CliRun.Of("evaluate", "-m", tiny.Run, "--json", "-o", tiny.PathOf("scores"), "--overlay");
        Assert.Equal(ExitCode.Success, run.Code);
        Assert.Equal("test", (string)JsonNode.Parse(run.Output)!["part"]!);
        Assert.Equal(4, Directory.GetFiles(tiny.PathOf("scores", "overlays")).Length);
        CliRun gate = CliRun.Of("evaluate", "-m", tiny.Run, "--min-dice", "1", "-o", tiny.PathOf("scores"), "--quiet");
        Assert.Equal(ExitCode.Gate, gate.Code);
        Assert.Contains("--min-dice", gate.Error);
    }

    [Fact]
    public void Evaluation_measures_distances_and_objects_when_asked()
    {
        CliRun run = CliRun.Of("evaluate", "-m", tiny.Run, "--split", "val", "--metrics", "distances", "objects",
            "--tolerance", "3", "--json", "-o", tiny.PathOf("measured"));
        Assert.Equal(ExitCode.Success, run.Code);
        JsonNode scores = JsonNode.Parse(run.Output)!;
        Assert.Equal("in pixels; NSD within 3 pixels", (string)scores["distances"]!);
        foreach (string name in new[] { "hd95", "asd", "assd", "nsd", "f1" })
            Assert.NotNull(scores["per_image"]![$"{name}_lesion"]!["undefined"]);
        Assert.EndsWith(",hd95_lesion,asd_lesion,assd_lesion,nsd_lesion,f1_lesion",
            File.ReadLines(tiny.PathOf("measured", "per_case.csv")).First());
        Assert.Equal(ExitCode.Usage, CliRun.Of("evaluate", "-m", tiny.Run, "--tolerance", "3").Code);
        Assert.Equal(ExitCode.Usage, CliRun.Of("evaluate", "-m", tiny.Run, "--metrics", "fid").Code);
    }

    [Fact]
    public void Prediction_writes_a_mask_and_an_overlay_for_every_picture()
    {
        string masks = tiny.PathOf("masks"), pictures = Path.Combine(tiny.Data, "test", "images");
        CliRun run = CliRun.Of("predict", "-m", tiny.Run, "-i", pictures, "-o", masks, "--overlay", "--json");
        Assert.Equal(ExitCode.Success, run.Code);
        Assert.Equal(4, JsonNode.Parse(run.Output)!.AsArray().Count);
        Assert.Equal(8, Directory.GetFiles(masks).Length);
        CliRun over = CliRun.Of("predict", "-m", tiny.Run, "-i", pictures, "-o", pictures);
        Assert.Equal(ExitCode.Usage, over.Code);
    }

    [Fact]
    public void One_unreadable_picture_does_not_stop_the_others()
    {
        string pictures = tiny.PathOf("mixed");
        Directory.CreateDirectory(pictures);
        File.Copy(Directory.GetFiles(Path.Combine(tiny.Data, "test", "images"))[0], Path.Combine(pictures, "b.png"));
        File.WriteAllText(Path.Combine(pictures, "a.png"), "no picture");
        CliRun run = CliRun.Of("predict", "-m", tiny.Run, "-i", pictures, "-o", tiny.PathOf("mixed-masks"));
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("a.png", run.Error);
        Assert.True(File.Exists(tiny.PathOf("mixed-masks", "b.png")));
    }

    [Fact]
    public void A_stopped_run_ends_with_130_and_can_be_resumed()
    {
        CliRun stopped = CliRun.Of(terminal => terminal.RequestStop(ExitCode.Terminated),
            ["train", .. tiny.Flags, "--epochs", "1", "--name", "stopped"]);
        Assert.Equal(ExitCode.Terminated, stopped.Code);
        Assert.Contains("--resume", stopped.Error);
        CliRun resumed = CliRun.Of("train", "--resume", tiny.PathOf("runs", "stopped"), "--json");
        Assert.Equal(ExitCode.Success, resumed.Code);
        Assert.Equal(File.ReadAllBytes(Path.Combine(tiny.Run, "checkpoints", "best.safetensors")),
            File.ReadAllBytes(tiny.PathOf("runs", "stopped", "checkpoints", "best.safetensors")));
    }

    [Fact]
    public void Inspect_opens_the_weights_that_training_wrote()
    {
        CliRun run = CliRun.Of("inspect", tiny.Run, "--size", "32", "--json");
        Assert.Equal(ExitCode.Success, run.Code);
        Assert.Equal(16, (int)JsonNode.Parse(run.Output)!["options"]!["width"]!);
    }

    [Fact]
    public void Converting_with_a_model_makes_a_file_that_predict_needs_nothing_beside()
    {
        string made = tiny.PathOf("made.safetensors"),
            source = Path.Combine(tiny.Run, "checkpoints", "best.safetensors");
        string picture = Directory.GetFiles(Path.Combine(tiny.Data, "test", "images"))[0];
        CliRun run = CliRun.Of("convert", source, made, "--model", "vmunetv2", "--size", "32", "--option",
            "depths=[1,1,1,1]", "--option", "width=16", "--option", "midChannels=8");
        Assert.Equal((ExitCode.Success, ""), (run.Code, run.Error));
        Assert.Equal(ExitCode.Success,
            CliRun.Of("predict", "-m", made, "-i", picture, "-o", tiny.PathOf("a.png")).Code);
        Assert.Equal(ExitCode.Success,
            CliRun.Of("predict", "-m", tiny.Run, "-i", picture, "-o", tiny.PathOf("b.png")).Code);
        Assert.Equal(File.ReadAllBytes(tiny.PathOf("b.png")), File.ReadAllBytes(tiny.PathOf("a.png")));
        CliRun wrong = CliRun.Of("convert", source, made, "--model", "vmunetv2", "--size", "32");
        Assert.Equal(ExitCode.BadInput, wrong.Code);
    }

    [Theory]
    [InlineData("vmunet", "depths=[1,1,2,1]", "depthsDecoder=[1,1,1,1]", "width=4")]
    [InlineData("swin-umamba", "depths=[1,1,1,1]", "width=4", "stemWidth=2")]
    [InlineData("swin-umamba-d", "depths=[2,2,4,2]", "width=4")]
    public void A_training_starts_from_a_vmamba_checkpoint_and_says_what_it_filled(string id, params string[] options)
    {
        CliRun run = Train(id, options, "--weights", GoldenFolder.PathOf("checkpoints", "vmamba_pretrained.pth"));
        Assert.Equal(ExitCode.Success, run.Code);
        Assert.Matches(@"load vmamba_pretrained.pth: \d+ of \d+ filled, prefix ""model."" taken off, map VMamba to ",
            run.Error);
        Assert.Contains("as initial", run.Error);
    }

    [Theory]
    [InlineData("lightm-unet", "depths=[1,1,1]", "depthsDecoder=[1,1]", "width=8")]
    [InlineData("lightm-unet", "depths=[1,1]", "depthsDecoder=[1]", "width=8", "mixer=attention", "classes=2")]
    [InlineData("swin-umamba", "depths=[1,1,1,1]", "width=8", "stemWidth=4", "scan=none")]
    public void Other_models_train_too(string id, params string[] options) =>
        Assert.Equal(ExitCode.Success, Train(id, options).Code);

    CliRun Train(string id, string[] options, params string[] more) => CliRun.Of(["train", "--data", tiny.Data,
        "--size", "32", "--batch", "4", "--epochs", "1", "--model", id, "--runs", tiny.PathOf("runs"),
        "--name", $"{id}-{string.Join('-', options)}", .. options.SelectMany(o => new[] { "--option", o }), .. more]);

    [Fact]
    public void Flags_and_a_file_end_in_the_same_configuration()
    {
        CliRun flags = CliRun.Of("train", "--data", "d'x", "--lr", "3e-4", "--size", "64x96", "--option",
            "depths=[1,1,1,1]", "--memory-limit", "2GiB", "--seed", "7", "--dry-run");
        Assert.Equal(ExitCode.Success, flags.Code);
        string file = tiny.PathOf("run.yaml");
        File.WriteAllText(file, flags.Output);
        CliRun again = CliRun.Of("train", file, "--dry-run");
        Assert.Equal(flags.Output, again.Output);
        TrainConfig config = TrainConfig.Load(file);
        Assert.Equal(("d'x", 3e-4, 64, 96, 2L << 30, 7UL), (config.Data.Root, config.Optimizer.LearningRate,
            config.Preprocessing.Height, config.Preprocessing.Width, config.MemoryLimit, config.Seed));
    }

    [Theory]
    [InlineData(ExitCode.BadInput, "optimizer.lr", "--set", "optimizer.lrr=1")]
    [InlineData(ExitCode.BadInput, "lr", "--lr", "much")]
    [InlineData(ExitCode.Usage, "--data")]
    [InlineData(ExitCode.BadInput, "nowhere", "--data", "nowhere")]
    [InlineData(ExitCode.Usage, "--set", "--set", "lr")]
    public void A_wrong_setting_is_one_message_with_its_code(int code, string word, params string[] args)
    {
        CliRun run = CliRun.Of(["train", .. args]);
        Assert.Equal(code, run.Code);
        Assert.Contains(word, run.Error);
        Assert.DoesNotContain("   at ", run.Error);
    }

    [Fact]
    public void A_memory_limit_that_nothing_fits_ends_with_5_before_starting()
    {
        CliRun run = CliRun.Of("train", "--data", tiny.Data, "--size", "64", "--batch", "4", "--memory-limit", "1MiB",
            "--runs", tiny.PathOf("runs"), "--name", "large");
        Assert.Equal(ExitCode.OutOfMemory, run.Code);
        Assert.False(Directory.Exists(tiny.PathOf("runs", "large")));
    }

    [Fact]
    public void A_folder_without_weights_is_one_message()
    {
        CliRun run = CliRun.Of("predict", "-m", tiny.Data, "-i", tiny.Data, "-o", tiny.PathOf("x"));
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }
}
