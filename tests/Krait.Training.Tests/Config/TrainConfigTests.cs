using Krait.Training.Config;
using Krait.Training.Data;
using Krait.Training.Schedules;

namespace Krait.Training.Tests.Config;

public sealed class TrainConfigTests
{
    private const string Yaml = """
        model:
          id: vmunet
          options: {depths: [2, 2, 2, 2], deep_supervision: false}
        data: {root: "my data: folder", cache: 1.5GiB}
        preprocessing: {size: [192, 256], normalize: standardize, channels: 1}
        optimizer:
          kind: sgd
          lr: 3e-4
          nesterov: true
        schedule: {kind: multi_step, milestones: [10, 20]}
        memory_limit: 2GiB
        batch: 4
        """;

    [Theory]
    [InlineData("[2, 2, 2, 2]")]
    [InlineData("[[1, 1], [2, 2]]")]
    public void Lists_and_lists_of_lists_are_options_of_a_model(string value)
    {
        TrainConfig config = TrainConfig.Resolve(null, overrides: [new("model.options.strides", value)]);
        Assert.Equal(value, config.Model.Options["strides"]);
        Assert.Equal(value, TrainConfig.Resolve(config.ToYaml()).Model.Options["strides"]);
    }

    [Fact]
    public void Written_and_read_again_is_the_same()
    {
        var config = TrainConfig.Resolve(Yaml);
        string text = config.ToYaml();
        Assert.Equal(text, TrainConfig.Resolve(text).ToYaml());
        Assert.Equal("my data: folder", TrainConfig.Resolve(text).Data.Root);
        Assert.Equal("[2, 2, 2, 2]", TrainConfig.Resolve(text).Model.Options["depths"]);
        Assert.Equal(2L << 30, config.MemoryLimit);
        Assert.Equal((192, 256, 1),
            (config.Preprocessing.Height, config.Preprocessing.Width, config.Preprocessing.Channels));
        string defaults = new TrainConfig().ToYaml();
        Assert.Equal(defaults, TrainConfig.Resolve(defaults).ToYaml());
        Assert.Null(TrainConfig.Resolve(defaults).Data.Root);
    }

    [Fact]
    public void Flags_and_file_end_in_the_same_configuration()
    {
        var flags = new Dictionary<string, string>
        {
            ["model.id"] = "vmunet",
            ["model.options.depths"] = "[2, 2, 2, 2]",
            ["model.options.deep_supervision"] = "false",
            ["data.root"] = "'my data: folder'",
            ["data.cache"] = "1.5GiB",
            ["preprocessing.size"] = "[192, 256]",
            ["preprocessing.normalize"] = "standardize",
            ["preprocessing.channels"] = "1",
            ["optimizer.kind"] = "sgd",
            ["optimizer.lr"] = "0.0003",
            ["optimizer.nesterov"] = "true",
            ["schedule.kind"] = "multi_step",
            ["schedule.milestones"] = "[10, 20]",
            ["memory_limit"] = "2048MiB",
            ["batch"] = "4",
        };
        Assert.Equal(TrainConfig.Resolve(Yaml).ToYaml(), TrainConfig.Resolve(null, overrides: flags).ToYaml());
    }

    [Fact]
    public void Overrides_win_over_the_file()
    {
        var config = TrainConfig.Resolve(Yaml, overrides: [new("optimizer.lr", "1e-5"), new("name", "null")]);
        Assert.Equal(1e-5, config.Optimizer.LearningRate);
        Assert.Equal(OptimizerKind.Sgd, config.Optimizer.Kind);
        Assert.Null(config.Name);
    }

    [Theory]
    [InlineData("optimizer:\n  learning_rate: 1", "line 2", "'optimizer.learning_rate'", "")]
    [InlineData("batch_size: 4", "line 1", "'batch_size'", "")]
    [InlineData("epoch: 4", "line 1", "'epoch'", "Did you mean 'epochs'?")]
    [InlineData("batch: 4\nbatch: 5", "", "", "")]
    [InlineData("batch: four", "line 1", "'batch'", "whole number of 1 or more|a whole number")]
    [InlineData("batch: 0", "line 1", "'batch'", "1 or more")]
    [InlineData("optimizer: {kind: adamx}", "line 1", "'optimizer.kind'", "Did you mean 'adam")]
    [InlineData("optimizer: 3", "line 1", "'optimizer'", "map of keys")]
    [InlineData("preprocessing: {size: [1, 2, 3]}", "", "preprocessing.size", "")]
    [InlineData("memory_limit: much", "line 1", "'memory_limit'", "2GiB")]
    [InlineData("optimizer: [", "", "", "not YAML")]
    [InlineData("augmentation: {hflip: 1.5}", "line 1", "'augmentation.hflip'", "from 0 to 1")]
    [InlineData("data: {val_fraction: 0.6, test_fraction: 0.5}", "", "val_fraction", "leave pictures")]
    public void Wrong_documents_name_key_line_and_remedy(string yaml, string place, string key, string hint)
    {
        var error = Assert.Throws<ConfigException>(() => TrainConfig.Resolve(yaml, "a.yaml"));
        Assert.Contains(place, error.Message);
        Assert.Contains(key, error.Message);
        Assert.Contains(hint.Split('|')[^1], error.Message);
    }

    [Theory]
    [InlineData("optimizer.lrr", "1", "Did you mean 'lr'?")]
    [InlineData("optimizer", "1", "map of keys")]
    [InlineData("a..b", "1", "a key such as")]
    [InlineData("seed", "-1", "0 or more")]
    public void Wrong_overrides_say_so(string key, string value, string message)
    {
        var error = Assert.Throws<ConfigException>(() => TrainConfig.Resolve(null, overrides: [new(key, value)]));
        Assert.Contains("--set", error.Message);
        Assert.Contains(message, error.Message);
    }

    [Fact]
    public void Every_schedule_kind_builds()
    {
        foreach (var kind in Enum.GetValues<ScheduleKind>())
            Assert.True(new ScheduleConfig { Kind = kind }.Build(1e-3, 30).RateAt(0) >= 0);
        var cosine = Assert.IsType<CosineAnnealing>(new ScheduleConfig().Build(1e-3, 12));
        Assert.Equal(12, cosine.HalfPeriod);
    }

    [Fact]
    public void Preprocessing_survives_json_and_refuses_other_text()
    {
        var p = new Preprocessing { Height = 64, Width = 96, Normalization = Normalization.ImageNet, Channels = 1 };
        Assert.Equal(p, Preprocessing.FromJson(p.ToJson()));
        Assert.Contains("\"mask_resize\"", p.ToJson());
        Assert.Throws<ConfigException>(() => Preprocessing.FromJson("{\"heigth\": 3}"));
        Assert.Throws<ConfigException>(() => Preprocessing.FromJson("nonsense"));
    }

    [Fact]
    public void Byte_sizes_read_as_people_write_them()
    {
        Assert.True(ByteSize.TryParse("2GiB", out long a) && a == 2L << 30);
        Assert.True(ByteSize.TryParse("1.5 GB", out long b) && b == 1_500_000_000);
        Assert.True(ByteSize.TryParse("77", out long c) && c == 77);
        Assert.False(ByteSize.TryParse("two", out _));
        Assert.False(ByteSize.TryParse("-1GiB", out _));
    }
}
