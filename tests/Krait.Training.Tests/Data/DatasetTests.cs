using Krait.Imaging;
using Krait.Training.Config;
using Krait.Training.Data;

namespace Krait.Training.Tests.Data;

public sealed class DatasetTests
{
    [Fact]
    public void Written_lesions_open_as_a_data_set_and_verify_clean()
    {
        using var folder = new TemporaryFolder();
        SyntheticLesions.Write(folder.Root, 1, train: 5, val: 2, test: 1, size: 32);
        var data = Dataset.Open(folder.Root);
        Assert.Equal((5, 2, 1), (data["train"].Count, data["val"].Count, data["test"].Count));
        Assert.Equal((1, "lesion", true), (data.Outputs, data.Classes[1].Name, data.CodingIsDeclared));
        var verifier = new DatasetVerifier(data);
        var report = verifier.Verify();
        Assert.Equal(0, report.Errors);
        Assert.Equal(8, verifier.Sheet.Count);
        Assert.NotNull(verifier.Sheet.Draw());
        Assert.Contains("8 pairs", report.ToText());
        Assert.Contains("\"findings\"", report.ToJson());
    }

    [Fact]
    public void Contact_sheet_shows_a_spread_of_many_pairs()
    {
        using var folder = new TemporaryFolder();
        SyntheticLesions.Write(folder.Root, 1, train: 40, val: 20, test: 0, size: 16);
        var verifier = new DatasetVerifier(Dataset.Open(folder.Root));
        verifier.Verify();
        Assert.InRange(verifier.Sheet.Count, 12, 24);
    }

    [Fact]
    public void Verifier_names_every_defect()
    {
        using var folder = new TemporaryFolder();
        SyntheticLesions.Write(folder.Root, 1, train: 6, val: 3, test: 0, size: 32);
        string image(string part, int n) => folder[part, "images", $"lesion_{n:0000}.png"];
        string mask(string part, int n) => folder[part, "masks", $"lesion_{n:0000}_mask.png"];
        File.Delete(mask("train", 0));
        File.Delete(image("train", 1));
        File.WriteAllBytes(image("train", 2), File.ReadAllBytes(image("train", 2))[..200]);
        ImageFile.WritePng(mask("train", 3), new Image(8, 8, 1, new byte[64]));
        File.Copy(image("train", 4), image("val", 6), overwrite: true);
        ImageFile.WritePng(mask("val", 7), new Image(32, 32, 1, new byte[1024]));
        File.WriteAllText(folder["train", "images", "notes.txt"], "x");
        var report = new DatasetVerifier(Dataset.Open(folder.Root)).Verify();
        Assert.Equal(
            ["duplicate val/images/lesion_0006", "empty_mask val/images/lesion_0007",
                "missing_image train/masks/lesion_0001_mask.png", "missing_mask train/images/lesion_0000.png",
                "size_mismatch train/images/lesion_0003", "stranger train/images/notes.txt",
                "unreadable train/images/lesion_0002.png"],
            report.Findings.Select(f => $"{f.Kind} {f.Path}").Order());
        Assert.Equal(5, report.Errors);
    }

    [Fact]
    public void A_folder_without_a_split_gets_a_seeded_one_that_new_files_do_not_disturb()
    {
        using var folder = new TemporaryFolder();
        Undivided(folder, 0, 40);
        var data = Dataset.Open(folder.Root);
        var splits = Splits.Of(data, seed: 3, valFraction: 0.2, testFraction: 0.1);
        Assert.Equal((28, 8, 4), (splits.Train.Count, splits.Val.Count, splits.Test.Count));
        Assert.Equal(40, splits.Train.Concat(splits.Val).Concat(splits.Test).Select(s => s.Name).Distinct().Count());
        Assert.Equal(splits.ToJson(), Splits.Of(data, 3, 0.2, 0.1).ToJson());
        Assert.NotEqual(splits.ToJson(), Splits.Of(data, 4, 0.2, 0.1).ToJson());
        Assert.Equal(splits.Test, Splits.FromJson(splits.ToJson(), data).Test);
        Undivided(folder, 40, 4);
        var more = Splits.Of(Dataset.Open(folder.Root), 3, 0.2, 0.1);
        Assert.True(more.Test.Select(s => s.Name).Intersect(splits.Test.Select(s => s.Name)).Count() >= 3);
        File.Delete(folder["images", "p05.png"]);
        Assert.Contains("p05", Assert.Throws<ConfigException>(
            () => Splits.FromJson(splits.ToJson(), Dataset.Open(folder.Root))).Message);
    }

    [Fact]
    public void Validation_is_drawn_from_train_and_never_from_test()
    {
        using var folder = new TemporaryFolder();
        SyntheticLesions.Write(folder.Root, 1, train: 10, val: 0, test: 4, size: 16);
        var splits = Splits.Of(Dataset.Open(folder.Root), 1, 0.2, 0.1);
        Assert.Equal((8, 2, 4), (splits.Train.Count, splits.Val.Count, splits.Test.Count));
        Assert.All(splits.Val, s => Assert.StartsWith("train/", s.Name));
        Assert.Contains("drawn", splits.Origin);
    }

    [Fact]
    public void Folders_that_are_no_data_set_are_refused_with_what_was_found()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<ConfigException>(() => Dataset.Open(folder["nowhere"]));
        Directory.CreateDirectory(folder["pictures"]);
        Assert.Contains("Found: pictures", Assert.Throws<ConfigException>(() => Dataset.Open(folder.Root)).Message);
    }

    [SamplesFact, Trait("Category", "Samples")]
    public void Codings_of_the_real_folders_are_found()
    {
        (string Folder, MaskKind Kind, int Classes)[] expected =
        [
            ("isic2018-128", MaskKind.Threshold, 2), ("kvasir-seg", MaskKind.Threshold, 2), ("wbc", MaskKind.Value, 3),
            ("isic-ham10000-600x450", MaskKind.Threshold, 2), ("busi-ultrasound", MaskKind.Threshold, 2),
            ("chase-db1", MaskKind.Threshold, 2), ("drive", MaskKind.Threshold, 2),
            ("dsb2018-nuclei", MaskKind.Threshold, 2),
            ("em-membrane-isbi2012", MaskKind.Threshold, 2), ("cvc-colondb", MaskKind.Threshold, 2),
            ("cvc-300-endoscene", MaskKind.Threshold, 2), ("etis-larib", MaskKind.Threshold, 2),
            ("cxr-lungs-shenzhen", MaskKind.Threshold, 2), ("acdc-cardiac-mr", MaskKind.Color, 4),
            ("curvas-abdominal-ct", MaskKind.Color, 4), ("lits-liver-tumour-ct", MaskKind.Color, 3),
            ("uwm-gi-mri", MaskKind.Color, 4),
        ];
        var wrong = new List<string>();
        foreach (var (name, kind, classes) in expected)
        {
            string root = Path.Combine(SamplesFactAttribute.Root!, name);
            if (!Directory.Exists(root)) continue;
            var data = Dataset.Open(root);
            int alone = data.Parts.Sum(p => p.ImagesAlone.Count + p.MasksAlone.Count + p.Ambiguous.Count);
            if (data.Coding.Kind != kind || data.Classes.Count != classes || alone > 0)
                wrong.Add($"{name}: {data.Coding.Describe()}; {alone} files without partner");
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
    }

    private static void Undivided(TemporaryFolder folder, int first, int count)
    {
        Directory.CreateDirectory(folder["images"]);
        Directory.CreateDirectory(folder["masks"]);
        for (int i = first; i < first + count; i++)
        {
            var (picture, mask) = SyntheticLesions.Draw(9, i, 16);
            ImageFile.WritePng(folder["images", $"p{i:00}.png"], picture);
            ImageFile.WritePng(folder["masks", $"p{i:00}.png"], mask);
        }
    }
}
