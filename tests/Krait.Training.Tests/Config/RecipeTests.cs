using Krait.Imaging;
using Krait.Training.Config;
using Krait.Training.Data;

namespace Krait.Training.Tests.Config;

/// <summary>The published protocols in recipes/: each fits its network, and trains.</summary>
public sealed class RecipeTests
{
    private static string Folder => Repository.PathOf("recipes");

    private static string[] Files => [.. Directory.GetFiles(Folder, "*.yaml").Select(f => Path.GetFileName(f)).Order()];

    public static TheoryData<string> Recipes => [.. Files];

    /// <summary>What makes a recipe small enough for a test; nothing else is changed.</summary>
    private static readonly Dictionary<string, (int Classes, (string Key, string Value)[] Small)> Runs = new()
    {
        ["vmunet-isic.yaml"] = (2, [("preprocessing.size", "32"), ("model.options.width", "16")]),
        ["vmunet-synapse.yaml"] = (9, [("preprocessing.patch", "[1, 32, 32]"), ("preprocessing.slices", "32"),
            ("model.options.width", "16")]),
        ["vmunetv2-polyp.yaml"] =
            (2, [("preprocessing.size", "32"), ("model.options.width", "16"), ("model.options.mid_channels", "8")]),
        ["swin-umamba-abdomen.yaml"] = (4,
            [("preprocessing.size", "32"), ("model.options.width", "16"), ("model.options.stem_width", "8")]),
        ["lightm-unet-lung2d.yaml"] = (2, [("preprocessing.size", "32"), ("model.options.width", "8")]),
        ["lightm-unet-liver3d.yaml"] = (3, [("preprocessing.patch", "[8, 16, 16]"), ("model.options.width", "8")]),
    };

    [Fact]
    public void Every_published_protocol_is_there() =>
        Assert.Equal(Runs.Keys.Order(), Files);

    [Theory]
    [MemberData(nameof(Recipes))]
    public void A_recipe_fits_its_network_as_it_stands(string name)
    {
        var config = TrainConfig.Load(Path.Combine(Folder, name));
        using var model = TrainedModel.Create(config.Model, config.Preprocessing, Classes(Runs[name].Classes), 1);
        Assert.NotNull(ConfiguredLoss.Of(config.Loss, model.Outputs));
        _ = new StagedFreezing(config.Freeze, model.Network.Store);
        Assert.Equal(name.Contains("3d") ? 3 : 2, model.Network.Dims);
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void A_recipe_trains_on_a_small_folder(string name)
    {
        using var folder = new TemporaryFolder();
        var (classes, small) = Runs[name];
        Dictionary<string, string> settings = small.ToDictionary(s => s.Key, s => s.Value);
        (settings["data.root"], settings["runs"], settings["epochs"]) = (folder["data"], folder["runs"], "1");
        var config = TrainConfig.Load(Path.Combine(Folder, name), settings);
        if (config.Preprocessing.IsVolume) WriteVolumes(folder["data"], classes);
        else WritePictures(folder["data"], classes, config.Preprocessing.Channels);
        var result = Trainer.Run(config);
        Assert.Equal(1, result.Epochs);
        Assert.True(double.IsFinite(result.BestDice));
        Assert.True(File.Exists(Path.Combine(result.RunFolder, "DONE")));
    }

    private static ClassInfo[] Classes(int count) => [.. Enumerable.Range(0, count)
        .Select(c => new ClassInfo(c == 0 ? "background" : $"class{c}", ClassInfo.DefaultColor(c), c))];

    private static void WritePictures(string root, int classes, int channels)
    {
        const int Size = 40;
        for (int i = 0; i < 6; i++)
        {
            byte[] labels = [.. Enumerable.Range(0, Size * Size)
                .Select(p => (byte)((p / Size + p % Size + i) / 12 % classes))];
            byte[] picture = [.. labels.SelectMany((c, p) => Enumerable.Repeat((byte)(60 * c + p % 40), channels))];
            Save(Path.Combine(root, i < 4 ? "train" : "val"), $"{i}.png", (where, mask) => ImageFile.WritePng(where,
                mask ? new Image(Size, Size, 1, labels) : new Image(Size, Size, channels, picture)));
        }
        File.WriteAllText(Path.Combine(root, "dataset.yaml"), "masks: value\nclasses:\n"
            + string.Concat(Enumerable.Range(0, classes).Select(c => $"  - {{name: class{c}, value: {c}}}\n")));
    }

    private static void WriteVolumes(string root, int classes)
    {
        var geometry = new VolumeGeometry(20, 18, 12, Affine.Scaling(0.8, 0.8, 2.5));
        for (int i = 0; i < 4; i++)
        {
            byte[] labels = [.. Enumerable.Range(0, geometry.Voxels)
                .Select(p => (byte)((p % 20 + p / 360 + i) / 6 % classes))];
            Save(Path.Combine(root, i < 2 ? "train" : "val"), $"{i}.nii.gz", (where, mask) =>
            {
                if (mask) VolumeFile.Write(where, new LabelVolume(geometry, labels));
                else VolumeFile.Write(where, new Volume(geometry, 1, Array.ConvertAll(labels, c => 100f * c - 50)));
            });
        }
    }

    private static void Save(string part, string name, Action<string, bool> write)
    {
        foreach (bool mask in new[] { false, true })
            write(Path.Combine(Directory.CreateDirectory(Path.Combine(part, mask ? "masks" : "images")).FullName,
                name), mask);
    }
}
