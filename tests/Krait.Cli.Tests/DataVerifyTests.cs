using System.Text.Json.Nodes;
using Krait.Training.Data;

namespace Krait.Cli.Tests;

public sealed class DataVerifyTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public DataVerifyTests() =>
        SyntheticLesions.Write(_folder["set"], seed: 5, train: 3, val: 2, test: 2, size: 32);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_sound_folder_passes_and_leaves_a_contact_sheet()
    {
        CliRun run = Verify("--json");
        Assert.Equal("", run.Error);
        Assert.Equal(ExitCode.Success, run.Code);
        JsonNode report = JsonNode.Parse(run.Output)!;
        Assert.Equal(7, report["parts"]!.AsArray().Sum(p => (int)p!["pairs"]!));
        Assert.True(File.Exists(_folder["sheet.png"]));
    }

    [Fact]
    public void A_missing_partner_is_named_and_ends_with_code_3()
    {
        File.Delete(Directory.EnumerateFiles(_folder["set", "train", "masks"]).Order().First());
        CliRun run = Verify();
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("train/images/lesion_0000", run.Output);
        Assert.Contains("no mask", run.Output);
    }

    [Fact]
    public void A_picture_in_two_parts_is_an_error()
    {
        string source = Directory.EnumerateFiles(_folder["set", "train", "images"]).Order().First();
        string target = Directory.EnumerateFiles(_folder["set", "test", "images"]).Order().First();
        File.Copy(source, target, overwrite: true);
        CliRun run = Verify("--json");
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("duplicate", run.Output);
    }

    [Fact]
    public void A_picture_over_the_pixel_limit_is_refused_by_its_header()
    {
        CliRun run = Verify("--max-pixels", "1000");
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("--max-pixels", run.Output + run.Error);
    }

    [Fact]
    public void A_folder_that_is_not_there_is_one_message()
    {
        CliRun run = CliRun.Of("data", "verify", _folder["none"]);
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    CliRun Verify(params string[] more) =>
        CliRun.Of(["data", "verify", _folder["set"], "--sheet", _folder["sheet.png"], .. more]);
}
