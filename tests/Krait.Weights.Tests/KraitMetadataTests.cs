using System.Text.Json.Nodes;

namespace Krait.Weights.Tests;

public sealed class KraitMetadataTests : TempFolder
{
    static readonly KraitMetadata Full = new()
    {
        Model = "vmunetv2",
        Options = new JsonObject { ["depths"] = new JsonArray(2, 2, 9, 2), ["deep_supervision"] = true },
        Preprocessing = new JsonObject { ["mean"] = new JsonArray(0.5, 0.25), ["resize"] = "bilinear" },
        Classes = [new("background", "#000000"), new("Läsion", "#ff8000")],
        TrainingSize = [192, 256],
        SourceSha256 = new string('a', 64),
    };

    TensorFile Write(IReadOnlyDictionary<string, string> metadata)
    {
        SafetensorsFile.Write(In("w.safetensors"), [HostTensor.FromFloat32("a", [1], [2])], metadata);
        return WeightsFile.Open(In("w.safetensors"));
    }

    [Fact]
    public void Metadata_comes_back_from_a_file()
    {
        using var file = Write(Full.ToMetadata());
        var read = KraitMetadata.Read(file);
        Assert.Equal("krait", file.Metadata["format"]);
        Assert.Equal((1, "vmunetv2", Full.SourceSha256, Full.KraitVersion),
            (read.FormatVersion, read.Model, read.SourceSha256, read.KraitVersion));
        Assert.Equal(Full.Classes, read.Classes);
        Assert.Equal(Full.TrainingSize, read.TrainingSize);
        Assert.True(JsonNode.DeepEquals(Full.Options, read.Options));
        Assert.True(JsonNode.DeepEquals(Full.Preprocessing, read.Preprocessing));
        Assert.Matches(@"^\d+\.\d+\.\d+$", read.KraitVersion);
    }

    [Fact]
    public void A_newer_format_is_refused_with_the_way_out()
    {
        using var file = Write(new Dictionary<string, string>
        {
            ["krait"] = """{"format_version":2,"brand_new":[1]}""",
        });
        var e = Assert.Throws<WeightsException>(() => KraitMetadata.Read(file));
        Assert.Contains("has format 2. Update Krait.", e.Message);
    }

    [Fact]
    public void Unknown_fields_of_the_same_format_are_passed_over()
    {
        using var file = Write(new Dictionary<string, string>
        {
            ["krait"] = """{"format_version":1,"model":"vmunet","brand_new":[1]}""",
        });
        Assert.Equal("vmunet", KraitMetadata.Read(file).Model);
        Assert.Empty(KraitMetadata.Read(file).Options);
        Assert.Empty(KraitMetadata.Read(file).Classes);
        Assert.Equal("unknown", KraitMetadata.Read(file).KraitVersion);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"model":"a"}""")]
    [InlineData("""{"format_version":1}""")]
    [InlineData("""{"format_version":1,"model":null}""")]
    [InlineData("""{"format_version":1,"model":"a","classes":5}""")]
    [InlineData("""{"format_version":1,"model":"a","classes":[{"name":"b"}]}""")]
    [InlineData("""{"format_version":"x","model":"a"}""")]
    public void Damaged_metadata_is_one_clear_error(string json)
    {
        using var file = Write(new Dictionary<string, string> { ["krait"] = json });
        Assert.Contains("metadata is damaged", Assert.Throws<WeightsException>(() => KraitMetadata.Read(file)).Message);
    }

    [Fact]
    public void Files_of_others_carry_none()
    {
        using var file = Write(new Dictionary<string, string> { ["format"] = "pt" });
        Assert.Null(KraitMetadata.TryRead(file));
        var e = Assert.Throws<WeightsException>(() => KraitMetadata.Read(file));
        Assert.Contains("no Krait weights file", e.Message);
    }
}
