using Krait.Imaging;
using Krait.Training;
using Krait.Training.Config;
using Krait.Training.Data;

namespace Krait.Cli.Tests;

/// <summary>The C# quick start of README.md: the same lines, compiled and run.</summary>
public sealed class QuickStartTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_quick_start_of_the_readme_trains_and_predicts()
    {
        string data = _folder["lesions"], runs = _folder["runs"], mask = _folder["mask.png"];
        SyntheticLesions.Write(data, seed: 1, train: 8, val: 2, test: 1, size: 32);
        string picture = Directory.GetFiles(Path.Combine(data, "test", "images"))[0];
        var cancel = CancellationToken.None;
        // README begins
        TrainConfig config = new()
        {
            Data = new DataConfig { Root = data },                          // {train,val,test}/{images,masks}
            Model = new ModelConfig { Id = "vmunetv2", Options = new Dictionary<string, string> { ["width"] = "16" } },
            Preprocessing = new Preprocessing { Height = 32, Width = 32 },
            Epochs = 1,
            Runs = runs,
        };
        TrainResult run = Trainer.Run(config, progress: null, cancel: cancel);
        using Predictor predictor = Predictor.Load(Path.Combine(run.RunFolder, "checkpoints", "best.safetensors"));
        Prediction prediction = predictor.Predict(ImageFile.Read(picture)); // thread-safe; also takes a span of pixels
        ImageFile.WritePng(mask, prediction.ToMask(predictor.Model.Classes));
        // README ends
        Assert.Equal(32 * 32, ImageFile.Read(mask).Width * ImageFile.Read(mask).Height);
    }

    [Fact]
    public void The_readme_shows_the_lines_that_this_test_runs()
    {
        string[] source = File.ReadAllLines(Repository.PathOf("tests", "Krait.Cli.Tests", "QuickStartTests.cs"));
        int from = Array.FindIndex(source, l => l.Trim() == "// README begins");
        int to = Array.FindIndex(source, l => l.Trim() == "// README ends");
        string[] lines = [.. source[(from + 1)..to].Select(l => l.Length > 8 ? l[8..] : "")];
        Assert.True(lines.Length > 8);
        Assert.Contains(string.Join('\n', lines),
            File.ReadAllText(Repository.PathOf("README.md")).ReplaceLineEndings("\n"));
    }
}
