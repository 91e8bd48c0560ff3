namespace Krait.Cli.Tests;

/// <summary>Code that the pages quote stands in the files that they name.</summary>
public sealed class DocsCodeTests
{
    [Fact]
    public void Adding_a_model_quotes_the_sources()
    {
        int quoted = 0;
        string[] text = File.ReadAllLines(Repository.PathOf("docs", "add-a-model.md"));
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != "```csharp")
                continue;
            string file = text[++i][3..];
            var source = File.ReadAllLines(Repository.PathOf(file)).Select(l => l.TrimEnd()).ToHashSet();
            while (text[++i] != "```")
            {
                Assert.True(text[i].Length == 0 || source.Contains(text[i]), $"{file} has no line: {text[i]}");
                quoted++;
            }
        }
        Assert.True(quoted > 30);
    }
}
