using Krait.Training.Config;
using Krait.Training.Data;

namespace Krait.Training.Tests.Trainers;

public sealed class TrainedModelTests
{
    [Fact]
    public void Options_become_the_registrys_json()
    {
        var json = TrainedModel.ToJson(new Dictionary<string, string>
        {
            ["mid_channels"] = "8",
            ["depths"] = "[1, 2]",
            ["deepSupervision"] = "false",
            ["name"] = "x y",
        });
        Assert.Equal("""{"midChannels":8,"depths":[1,2],"deepSupervision":false,"name":"x y"}""", json.ToJsonString());
    }

    [Fact]
    public void Options_that_contradict_the_data_are_refused()
    {
        var config = new ModelConfig { Options = new Dictionary<string, string> { ["classes"] = "4" } };
        var error = Assert.Throws<ConfigException>(() => TrainedModel.Create(config,
            new Preprocessing { Height = 32, Width = 32 }, ClassInfo.Binary(), 1));
        Assert.Contains("classes", error.Message);
    }
}
