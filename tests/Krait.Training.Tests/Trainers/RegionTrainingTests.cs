using System.Text.Json;
using Krait.Imaging;
using Krait.Training.Config;
using Krait.Training.Data;
using Krait.Training.Evaluation;
using Krait.Training.Execution;
using Krait.Training.Tests.Volumes;
using Krait.Weights;

namespace Krait.Training.Tests.Trainers;

/// <summary>Whole runs on data sets that declare regions and what is to be ignored.</summary>
public sealed class RegionTrainingTests : IDisposable
{
    private const byte Ignored = 200;
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Pictures_with_regions_and_ignored_pixels_are_verified_trained_scored_and_predicted()
    {
        WritePictures();
        var data = Dataset.Open(folder["data"]);
        var report = new DatasetVerifier(data).Verify();
        Assert.Equal(0, report.Errors);
        Assert.Equal("ignored_mask train/images/7",
            Assert.Single(report.Findings) is var f ? $"{f.Kind} {f.Path}" : "");
        Assert.Equal((0.125 * 7 + 1) / 8, report.Parts[0].Ignored, 9);
        Assert.Equal(1, report.Parts[0].ClassShares.Sum(), 9);
        Assert.Contains("region cell: rim + nucleus, labelled rim", report.ToText());
        Assert.Contains("% ignored", report.ToText());

        var result = Trainer.Run(Config());
        using var predictor = Predictor.Load(result.RunFolder + "/checkpoints/best.safetensors", threads: 1);
        Assert.Equal(data.Regions.Select(r => (r.Name, string.Join(' ', r.Classes), r.Label)),
            predictor.Model.Regions.Select(r => (r.Name, string.Join(' ', r.Classes), r.Label)));
        Assert.Equal((2, 3), (predictor.Model.Outputs, predictor.Model.Classes.Count));
        // Weights alone suffice: labels follow from the probabilities of the regions.
        var prediction = predictor.Predict(ImageFile.Read(data["val"][0].ImagePath));
        for (int i = 0; i < prediction.Labels.Length; i++)
        {
            var (cell, nucleus) = (prediction.Probabilities[2 * i], prediction.Probabilities[2 * i + 1]);
            Assert.Equal(nucleus > 0.5f ? 2 : cell > 0.5f ? 1 : 0, prediction.Labels[i]);
        }
        Assert.Contains((byte)1, prediction.Labels);
        Assert.Contains((byte)2, prediction.Labels);

        var scores = Evaluator.Run(predictor, data["val"], data.Coding,
            new EvaluationOptions { OverlayFolder = folder["overlays"] });
        Assert.Equal(["cell", "nucleus"], scores.Names);
        Assert.Equal(2 * 32 * 32 * 7 / 8, scores.Matrix.Total);
        Assert.True(scores.Dice.Mean > 0.9, $"{scores.Dice.Mean}");
        using var json = JsonDocument.Parse(File.ReadAllText(result.RunFolder + "/eval/val/summary.json"));
        Assert.Equal(scores.ClassDice[0].Mean,
            json.RootElement.GetProperty("per_image").GetProperty("dsc_cell").GetProperty("mean").GetDouble(), 9);
        Assert.Equal(result.BestDice, scores.Dice.Mean, 6);
    }

    [Fact]
    public void Volumes_learn_the_regions_of_dataset_json()
    {
        SyntheticVolumes.Write(folder["data"]);
        File.WriteAllText(folder["data", "dataset.json"], """
            {"labels": {"background": 0, "ball": [1, 2], "dark": 2, "ignore": 3}, "regions_class_order": [1, 2]}
            """);
        var data = Dataset.Open(folder["data"]);
        foreach (var sample in data.Parts.SelectMany(p => p.Samples))
        {
            var labels = VolumeFile.ReadLabels(sample.MaskPath);
            VolumeFile.Write(sample.MaskPath, new LabelVolume(labels.Geometry,
                [.. labels.Labels.Select((v, i) => i % 14 < 2 ? (byte)3 : v)]));
        }
        var result = Trainer.Run(TrainConfig.ForVolumes with
        {
            Model = new()
            {
                Id = "lightm-unet",
                Options = new SortedDictionary<string, string>
                { ["width"] = "8", ["depths"] = "[1, 1]", ["depths_decoder"] = "[1]", ["states"] = "4" },
            },
            Data = new() { Root = folder["data"] },
            Preprocessing = TrainConfig.ForVolumes.Preprocessing with
            { Patch = new Extent(8, 8, 12), Normalization = Normalization.Ct },
            Epochs = 1,
            Runs = folder["runs"],
            SampleEvery = 1,
            Threads = 1,
        });
        using var predictor = Predictor.Load(result.RunFolder + "/checkpoints/best.safetensors", threads: 1);
        var scores = Evaluator.Run(predictor, data["val"], data.Coding,
            new EvaluationOptions { Size = EvaluationSize.Training, Measures = new(HasDistances: true) });
        Assert.Equal(2L * 12 * 12 * 10, scores.Matrix.Total);
        Assert.Equal(["hd95_ball", "asd_ball"], scores.More.Take(2).Select(m => m.Name));
        Assert.Equal(2, predictor.Predict(SyntheticVolumes.Draw(9).Image).Probabilities.Channels);
    }

    [Fact]
    public void What_does_not_go_with_regions_or_ignored_pixels_is_named_before_anything_is_written()
    {
        WritePictures();
        string Message(TrainConfig c) => Assert.Throws<ConfigException>(() => Trainer.Run(c)).Message;
        var config = Config();
        Assert.Contains("nearest", Message(config with
        { Preprocessing = config.Preprocessing with { MaskResize = MaskResize.Bilinear } }));
        Assert.Contains("dc_bce", Message(config with { Loss = new() { Kind = LossKind.CeDice } }));
        Assert.Contains("the data's regions", Message(config with
        { Model = config.Model with { Options = new Dictionary<string, string> { ["classes"] = "3" } } }));
        Assert.False(Directory.Exists(folder["runs"]));
    }

    [Fact]
    public void Weights_whose_regions_are_no_unions_of_their_classes_are_refused()
    {
        var config = Config();
        using var model = TrainedModel.Create(config.Model, config.Preprocessing, Three, 1,
            [new("a", [1], 1), new("b", [2], 2)]);
        model.Save(folder["good.safetensors"]);
        using var file = SafetensorsFile.Read(folder["good.safetensors"]);
        var metadata = KraitMetadata.Read(file);
        foreach (MaskRegion[] wrong in new MaskRegion[][]
            { [new("a", [1], 1)], [new("a", [1], 1), new("b", [3], 2)], [new("a", [1], 1), new("b", [2], 0)] })
        {
            ModelFile.Save(folder["bad.safetensors"], model.Network, metadata with { Regions = wrong });
            Assert.Contains("regions",
                Assert.Throws<WeightsException>(() => TrainedModel.Load(folder["bad.safetensors"])).Message);
        }
    }

    private static ClassInfo[] Three => [.. new[] { "background", "rim", "nucleus" }.Select((n, i) =>
        new ClassInfo(n, ClassInfo.DefaultColor(i), i))];

    /// <summary>Grey squares in squares; the right eighth of every mask is ignored, of the last one all.</summary>
    private void WritePictures()
    {
        const int Size = 32;
        for (int n = 0; n < 10; n++)
        {
            string part = n < 8 ? "train" : "val";
            byte[] labels = [.. Enumerable.Range(0, Size * Size).Select(i =>
                (byte)(Math.Max(Math.Abs(i / Size - 12 - n % 3), Math.Abs(i % Size - 14))
                    switch { < 4 => 2, < 8 => 1, _ => 0 }))];
            byte[] masks = [.. labels.Select((v, i) => i % Size >= 28 || n == 7 ? Ignored : v)];
            Write(part, "images", n, [.. labels.Select((v, i) => (byte)(100 * v + i % 7 + n))]);
            Write(part, "masks", n, masks);
        }
        File.WriteAllText(folder["data", "dataset.yaml"], $$"""
            masks: index
            classes: [background, rim, nucleus]
            ignore: {{Ignored}}
            regions:
              - {name: cell, classes: [rim, nucleus]}
              - {name: nucleus, classes: [nucleus]}
            """);

        void Write(string part, string what, int n, byte[] grey)
        {
            Directory.CreateDirectory(folder["data", part, what]);
            ImageFile.WritePng(folder["data", part, what, $"{n}.png"], new Image(Size, Size, 1, grey));
        }
    }

    private TrainConfig Config() => new()
    {
        Model = new()
        {
            Id = "unet",
            Options = new SortedDictionary<string, string> { ["width"] = "8", ["halvings"] = "2" },
        },
        Data = new() { Root = folder["data"] },
        Preprocessing = new() { Height = 32, Width = 32, Channels = 1 },
        Optimizer = new() { LearningRate = 1e-2 },
        Epochs = 12,
        Batch = 4,
        Runs = folder["runs"],
        Name = "regions",
        SampleEvery = 12,
        Threads = 1,
    };
}
