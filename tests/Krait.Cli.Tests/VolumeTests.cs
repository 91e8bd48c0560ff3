using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Krait.Imaging;

namespace Krait.Cli.Tests;

/// <summary>A tiny run on drawn volumes through the command line: verify, train, evaluate, predict.</summary>
public sealed class VolumeTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public VolumeTests()
    {
        foreach (string part in new[] { "Tr", "Val" })
            for (int i = 0; i < 2; i++)
            {
                Volume image = Draw((10 * part.Length) + i, out LabelVolume labels);
                Directory.CreateDirectory(_folder["set", "images" + part]);
                Directory.CreateDirectory(_folder["set", "labels" + part]);
                VolumeFile.Write(_folder["set", "images" + part, $"v{part}{i}_0000.nii.gz"], image);
                VolumeFile.Write(_folder["set", "labels" + part, $"v{part}{i}.nii.gz"], labels);
            }
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Volumes_go_through_verify_train_evaluate_and_predict()
    {
        string set = _folder["set"];
        CliRun verified = CliRun.Of("data", "verify", set, "--json", "--sheet", _folder["s.png"]);
        Assert.Equal((ExitCode.Success, ""), (verified.Code, verified.Error));

        CliRun refused = Train();
        Assert.Equal(ExitCode.BadInput, refused.Code);
        Assert.Contains("--patch", refused.Error);
        CliRun trained = Train("--patch", "8x8x8", "--spacing", "2x1x1");
        Assert.True(trained.Code == ExitCode.Success, trained.Error);

        string run = _folder["runs", "tiny"];
        CliRun evaluated = CliRun.Of("evaluate", "-m", run, "--json");
        Assert.True(evaluated.Code == ExitCode.Success, evaluated.Error);
        Assert.NotNull(JsonNode.Parse(evaluated.Output)!["per_image"]!["dsc"]);

        Assert.Equal("in mm; NSD within 2 mm", Distances(run));
        WriteArrays(_folder["npz", "train_npz", "case0001.npz"]);
        Assert.Equal("in voxels; NSD within 2 voxels", Distances(run, "--data", _folder["npz"]));

        string masks = _folder["masks"], images = _folder["set", "imagesVal"];
        CliRun predicted = CliRun.Of("predict", "-m", run, "-i", images, "-o", masks, "--overlay",
            "--probabilities", "--json");
        Assert.True(predicted.Code == ExitCode.Success, predicted.Error);
        JsonNode first = JsonNode.Parse(predicted.Output)!.AsArray()[0]!;
        Assert.Equal(Path.Combine(masks, "vVal0.nii.gz"), (string)first["mask"]!);
        double ml = (double)first["millilitres"]!["background"]! + (double)first["millilitres"]!["foreground"]!;
        Assert.Equal(10 * 9 * 8 * 1.5 / 1000, ml, 1e-6);
        VolumeHeader image = VolumeFile.ReadHeader(Path.Combine(images, "vVal0_0000.nii.gz"));
        VolumeHeader mask = VolumeFile.ReadHeader(Path.Combine(masks, "vVal0.nii.gz"));
        Assert.Equal(image.Geometry.Affine.ToArray(), mask.Geometry.Affine.ToArray());
        Assert.Equal("uint8", mask.ElementType);
        Assert.Equal("float32", VolumeFile.ReadHeader(Path.Combine(masks, "vVal0_probability.nii.gz")).ElementType);
        Assert.True(File.Exists(Path.Combine(masks, "vVal1_overlay.png")));
        CliRun over = CliRun.Of("predict", "-m", run, "-i", Path.Combine(images, "vVal0_0000.nii.gz"), "-o",
            Path.Combine(images, "vVal0_0000.nii.gz"));
        Assert.Equal(ExitCode.Usage, over.Code);

        Volume image0 = Draw(1, out _);
        VolumeFile.Write(Path.Combine(images, "bent.nii"), new Volume(image0.Geometry, 2, new float[2 * 720]));
        CliRun mixed = CliRun.Of("predict", "-m", run, "-i", images, "-o", _folder["mixed"]);
        Assert.Equal(ExitCode.BadInput, mixed.Code);
        Assert.Contains("bent.nii: volume: the network takes 1 channels", mixed.Error);
        Assert.True(File.Exists(_folder["mixed", "vVal1.nii.gz"]));
    }

    static string Distances(string run, params string[] more)
    {
        CliRun evaluated = CliRun.Of(["evaluate", "-m", run, "--metrics", "distances", "--json", .. more]);
        Assert.True(evaluated.Code == ExitCode.Success, evaluated.Error);
        return (string)JsonNode.Parse(evaluated.Output)!["distances"]!;
    }

    /// <summary>One volume as Synapse has it: arrays image and label in one file.</summary>
    static void WriteArrays(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Volume image = Draw(7, out LabelVolume labels);
        using ZipArchive zip = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach ((string array, float[] values) in new[] { ("image", image.Samples), ("label", [.. labels.Labels]) })
        {
            using Stream entry = zip.CreateEntry(array + ".npy").Open();
            string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (8, 9, 10), }\n";
            entry.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header)]);
            entry.Write(MemoryMarshal.AsBytes<float>(values));
        }
    }

    CliRun Train(params string[] more) => CliRun.Of(["train", "--data", _folder["set"], "--model", "lightm-unet",
        "--option", "width=8", "--option", "depths=[1,1]", "--option", "depths_decoder=[1]", "--option", "states=2",
        "--epochs", "1", "--runs", _folder["runs"], "--name", "tiny", "--threads", "1", .. more]);

    static Volume Draw(int seed, out LabelVolume labels)
    {
        var random = new Random(seed);
        var grid = new VolumeGeometry(10, 9, 8, new Affine([-1, 0, 0, 5, 0, 1, 0, 6, 0, 0, 1.5, 7]));
        byte[] classes = [.. Enumerable.Range(0, grid.Voxels).Select(i => i % 10 is > 2 and < 7 ? (byte)1 : (byte)0)];
        labels = new LabelVolume(grid, classes);
        return new Volume(grid, 1, [.. classes.Select(c => c + random.NextSingle())]);
    }
}
