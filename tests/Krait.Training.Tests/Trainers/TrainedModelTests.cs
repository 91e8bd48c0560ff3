using Krait.Training.Config;
using Krait.Training.Data;
using Krait.Weights;

namespace Krait.Training.Tests.Trainers;

public sealed class TrainedModelTests
{
    /// <summary>PyTorch's strict loading wants them; files from before Krait kept them are read all the same.</summary>
    [Fact]
    public void Counters_of_batch_norms_are_whole_numbers_in_files_and_may_be_missing()
    {
        using var folder = new TemporaryFolder();
        var config = new ModelConfig
        {
            Id = "vmunetv2",
            Options = new Dictionary<string, string>
            {
                ["depths"] = "[1, 1, 1, 1]",
                ["width"] = "16",
                ["mid_channels"] = "8",
            },
        };
        using var model = TrainedModel.Create(config, new Preprocessing { Height = 32, Width = 32 },
            ClassInfo.Binary(), 1);
        var counters = model.Network.Store.Parameters.Where(p => p.Name.EndsWith(".num_batches_tracked")).ToList();
        Assert.NotEmpty(counters);
        foreach (var p in counters) model.Network.Store.Load(p, [3]);
        model.Save(folder["all.safetensors"]);
        using (var file = SafetensorsFile.Read(folder["all.safetensors"]))
        {
            Assert.All(counters, p => Assert.Equal([3L], file[p.Name].ToInt64()));
            Assert.All(counters, p => Assert.Empty(file[p.Name].Shape));
            SafetensorsFile.Write(folder["without.safetensors"],
                file.Tensors.Where(t => !t.Name.EndsWith(".num_batches_tracked")), file.Metadata);
        }
        using var back = TrainedModel.Load(folder["all.safetensors"]);
        Assert.Equal(3f, back.Network.Store.Save(back.Network.Store.Find(counters[0].Name)!)[0]);
        using var old = TrainedModel.Load(folder["without.safetensors"]);
        Assert.Equal(counters.Count, old.Coverage!.Fresh.Count);
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
