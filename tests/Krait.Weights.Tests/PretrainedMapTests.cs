namespace Krait.Weights.Tests;

[Trait("Category", "Golden")]
public sealed class PretrainedMapTests
{
    public static TheoryData<string> Items() =>
        [.. GoldenFolder.Items("checkpoint.key_mapping").Select(i => i.Item.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Items))]
    public void Map_fills_exactly_the_tensors_that_the_published_loader_fills(string name) => Check(name, false);

    [Theory]
    [MemberData(nameof(Items))]
    public void New_vmamba_names_fill_the_same_tensors(string name) => Check(name, true);

    static void Check(string name, bool newNames)
    {
        var (folder, item) = GoldenFolder.Items("checkpoint.key_mapping")
            .Single(i => i.Item.GetProperty("name").GetString() == name);
        KeyMappingCheck.Run(folder, item, newNames);
    }
}
