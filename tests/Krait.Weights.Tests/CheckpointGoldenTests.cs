namespace Krait.Weights.Tests;

[Trait("Category", "Golden")]
public sealed class CheckpointGoldenTests
{
    public static TheoryData<string, string> Loads()
    {
        var data = new TheoryData<string, string>();
        foreach (var (folder, item) in GoldenFolder.Items("checkpoint.load"))
            data.Add(Path.GetRelativePath(Repository.Golden, folder), item.GetProperty("name").GetString()!);
        return data;
    }

    [Theory]
    [MemberData(nameof(Loads))]
    public void Checkpoint_loads_or_is_refused_as_stated(string folder, string name)
    {
        var (at, item) = GoldenFolder.Items("checkpoint.load").Single(i =>
            Path.GetRelativePath(Repository.Golden, i.Folder) == folder
            && i.Item.GetProperty("name").GetString() == name);
        CheckpointLoadCheck.Run(at, item);
    }

    [Fact]
    public void Every_kind_of_item_and_every_outcome_is_known()
    {
        var items = GoldenFolder.Items("checkpoint.load").ToList();
        Assert.NotEmpty(items);
        Assert.All(items, i => Assert.Contains(i.Item.GetProperty("expected").GetProperty("outcome").GetString(),
            (string[])["load", "refuse", "load_or_refuse", "no_execution"]));
    }

    [Fact]
    public void What_a_hostile_checkpoint_would_leave_behind_is_found_in_it() =>
        Assert.Contains("/tmp/PWNED", CheckpointLoadCheck.Planted(GoldenFolder.Checkpoint("malicious.pth")));
}
