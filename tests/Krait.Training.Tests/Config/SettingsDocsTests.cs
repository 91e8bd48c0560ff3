using Krait.Training.Config;
using Krait.Training.Data;

namespace Krait.Training.Tests.Config;

public sealed class SettingsDocsTests
{
    [Fact]
    public void Every_setting_stands_in_the_documentation()
    {
        string page = File.ReadAllText(Repository.PathOf("docs", "training.md"));
        string[] sections = ["model", "data", "preprocessing", "augmentation", "loss", "optimizer", "schedule",
            "freeze"];
        IEnumerable<string> keys =
        [
            .. ModelConfig.Section.Fields.Select(f => "model." + f.Name),
            .. DataConfig.Section.Fields.Select(f => "data." + f.Name),
            .. Preprocessing.Section.Fields.Select(f => "preprocessing." + f.Name),
            .. AugmentationOptions.Section.Fields.Select(f => "augmentation." + f.Name),
            .. LossConfig.Section.Fields.Select(f => "loss." + f.Name),
            .. OptimizerConfig.Section.Fields.Select(f => "optimizer." + f.Name),
            .. ScheduleConfig.Section.Fields.Select(f => "schedule." + f.Name),
            .. FreezeConfig.Section.Fields.Select(f => "freeze." + f.Name),
            .. TrainConfig.Section.Fields.Select(f => f.Name).Except(sections),
        ];
        Assert.All(keys, k => Assert.Contains($"| `{k}` |", page, StringComparison.Ordinal));
    }
}
