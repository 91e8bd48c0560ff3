using System.Text.Json;
using Krait.Training.Metrics;
using Krait.Weights;

namespace Krait.Training.Tests.Metrics;

[Trait("Category", "Golden")]
public sealed class ConfusionGoldenTests
{
    public static TheoryData<string, string> Items()
    {
        var data = new TheoryData<string, string>();
        foreach (var (folder, test) in Golden.Cases("metric.confusion"))
            foreach (var item in test.GetProperty("items").EnumerateArray())
                data.Add(Path.GetRelativePath(Repository.Golden, folder), item.GetProperty("name").GetString()!);
        return data;
    }

    [Theory]
    [MemberData(nameof(Items))]
    public void Pooled_scores_equal_the_golden_ones(string path, string name)
    {
        string folder = Path.Combine(Repository.Golden, path);
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "case.json")));
        var item = document.RootElement.GetProperty("items").EnumerateArray()
            .First(i => i.GetProperty("name").GetString() == name);
        using var file = SafetensorsFile.Read(Path.Combine(folder, "io.safetensors"));
        float[] Tensor(string role) => file[item.GetProperty("inputs").GetProperty(role).GetString()!].ToFloat32();
        var args = item.GetProperty("args");
        var matrix = new ConfusionMatrix(2);
        matrix.AddBinary(Tensor("pred"), Tensor("gt"), (float)args.GetProperty("threshold").GetDouble(),
            (float)args.GetProperty("target_threshold").GetDouble());
        var pooled = matrix.Pooled();
        var expected = item.GetProperty("expected");
        double rel = item.GetProperty("tolerance").GetProperty("scores_rel").GetDouble();
        Assert.Equal(expected.GetProperty("TN").GetInt64(), matrix[0, 0]);
        Assert.Equal(expected.GetProperty("FP").GetInt64(), matrix[0, 1]);
        Assert.Equal(expected.GetProperty("FN").GetInt64(), matrix[1, 0]);
        Assert.Equal(expected.GetProperty("TP").GetInt64(), matrix[1, 1]);
        Near("accuracy", pooled.Accuracy);
        Near("sensitivity", pooled.Sensitivity);
        Near("specificity", pooled.Specificity);
        Near("f1_or_dsc", pooled.Dice);
        Near("miou", pooled.MeanIoU);

        void Near(string key, double score)
        {
            double golden = expected.GetProperty(key).GetDouble();
            Assert.True(Math.Abs(score - golden) <= rel * Math.Abs(golden), $"{name} {key}: {golden:R}, got {score:R}");
        }
    }
}
