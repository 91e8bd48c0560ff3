using Krait.Imaging;
using Krait.Training.Config;
using Krait.Training.Data;

namespace Krait.Training.Tests.Volumes;

public sealed class VolumeDatasetTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Folders_named_as_nnunet_names_them_are_parts_and_dataset_json_names_the_classes()
    {
        SyntheticVolumes.Write(folder.Root);
        var data = Dataset.Open(folder.Root);
        Assert.True(data.IsVolumes);
        Assert.Equal(("balls", true), (data.Name, data.CodingIsDeclared));
        Assert.Equal(["background", "bright", "dark"], data.Classes.Select(c => c.Name));
        Assert.Equal([("train", 4), ("val", 2), ("test", 1)], data.Parts.Select(p => (p.Name, p.Samples.Count)));
        Assert.Equal("imagesVal/ball_004", data["val"][0].Name);
        Assert.All(data.Parts, p => Assert.Empty(p.ImagesAlone.Concat(p.MasksAlone).Concat(p.Strangers)));
    }

    [Theory]
    [InlineData("""{"labels": {"background": 0, "liver": 1, "tumour": 2}}""", "liver")]
    [InlineData("""{"labels": {"0": "back", "2": "b", "1": "a"}}""", "a")]
    public void Both_forms_of_labels_are_read(string json, string second)
    {
        SyntheticVolumes.Write(folder.Root);
        File.WriteAllText(folder["dataset.json"], json);
        Assert.Equal((3, second), (Dataset.Open(folder.Root).Classes.Count, Dataset.Open(folder.Root).Classes[1].Name));
    }

    [Fact]
    public void Regions_and_ignored_labels_of_nnunets_dataset_json_are_read()
    {
        SyntheticVolumes.Write(folder.Root);
        File.WriteAllText(folder["dataset.json"], """
            {"labels": {"background": 0, "whole": [1, 2], "dark": [2], "ignore": 3}, "regions_class_order": [1, 2]}
            """);
        var data = Dataset.Open(folder.Root);
        Assert.Equal(["background", "label1", "dark"], data.Classes.Select(c => c.Name));
        Assert.Equal([("whole", "1 2", 1), ("dark", "2", 2)],
            data.Regions.Select(r => (r.Name, string.Join(' ', r.Classes), r.Label)));
        Assert.Equal([0, 2, MaskCoding.Ignored, MaskCoding.Unknown], data.Coding.Decode([0, 2, 3, 4]));
        Assert.Equal(2, data.Outputs);
    }

    [Theory]
    [InlineData("""{"labels": {"background": 0, "whole": [1, "x"]}}""")]
    [InlineData("""{"labels": {"background": 0, "whole": []}}""")]
    [InlineData("""{"labels": {"background": 0, "ignore": 1}}""")]
    [InlineData("""{"labels": {"background": 0, "liver": 1, "ignore": 1}}""")]
    [InlineData("""{"labels": {"background": 0, "liver": 1, "ignore": [2, 3]}}""")]
    [InlineData("""{"labels": {"background": 0, "core": 2, "whole": [1, 2]}, "regions_class_order": [1]}""")]
    [InlineData("""{"labels": {"liver": 1}}""")]
    [InlineData("""{"labels": 3}""")]
    [InlineData("{")]
    public void Labels_that_cannot_be_told_apart_are_refused(string json)
    {
        SyntheticVolumes.Write(folder.Root);
        File.WriteAllText(folder["dataset.json"], json);
        Assert.Contains("dataset.json", Assert.Throws<ConfigException>(() => Dataset.Open(folder.Root)).Message);
    }

    [Fact]
    public void Split_folders_and_found_out_classes_work_as_with_pictures()
    {
        foreach (string part in new[] { "train", "val" })
        {
            var (image, labels) = SyntheticVolumes.Draw(1);
            Directory.CreateDirectory(folder[part, "images"]);
            Directory.CreateDirectory(folder[part, "masks"]);
            VolumeFile.Write(folder[part, "images", "a_0000.nii.gz"], image);
            VolumeFile.Write(folder[part, "images", "a_0001.nii.gz"], image);
            VolumeFile.Write(folder[part, "masks", "a.nii.gz"], labels);
        }
        var data = Dataset.Open(folder.Root);
        Assert.Equal([0, 1, 2], data.Classes.Select(c => c.Value!.Value));
        var sample = Assert.Single(data["train"]);
        Assert.Single(sample.MoreImages);
        Assert.Equal(2, VolumeReader.ReadImage(sample, null).Channels);
    }

    [Fact]
    public void Verification_names_what_is_wrong_with_volumes()
    {
        SyntheticVolumes.Write(folder.Root, train: 6);
        var (image, labels) = SyntheticVolumes.Draw(0);
        string Image(int i) => folder["imagesTr", $"ball_00{i}.nii.gz"];
        string Labels(int i) => folder["labelsTr", $"ball_00{i}.nii.gz"];
        File.WriteAllText(Image(1), "no volume");
        VolumeFile.Write(Labels(2), SyntheticVolumes.Draw(2, width: 15).Labels);
        VolumeFile.Write(Labels(3), SyntheticVolumes.Draw(3, Affine.Scaling(1, 1, 3)).Labels);
        VolumeFile.Write(Image(4), new Volume(image.Geometry, 1, [float.NaN, .. image.Samples[1..]]));
        VolumeFile.Write(Labels(5), new LabelVolume(labels.Geometry, [9, .. labels.Labels[1..]]));
        File.Copy(Image(0), folder["imagesVal", "ball_006.nii.gz"], overwrite: true);
        var verifier = new DatasetVerifier(Dataset.Open(folder.Root));
        var report = verifier.Verify();
        Assert.Equal(["duplicate ball_006", "geometry ball_003", "not_finite ball_004", "size_mismatch ball_002",
            "unknown_value ball_005", "unreadable ball_001.nii.gz"],
            report.Findings.Select(f => $"{f.Kind} {Path.GetFileName(f.Path)}").Order());
        Assert.Equal(5, report.Errors);
        Assert.Equal(("14x12x10", "1.5x1x1 mm"), (report.Parts[0].Smallest, report.Parts[0].VoxelSizes[0]));
        Assert.True(verifier.Sheet.Count > 3);
    }
}
