using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Krait.Cli.Tests;

/// <summary>The arrows between projects and the three vocabularies that never mix.</summary>
public sealed partial class ArchitectureTests
{
    static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Krait.Engine"] = [],
        ["Krait.Nn"] = ["Krait.Engine"],
        ["Krait.Models"] = ["Krait.Nn", "Krait.Weights"],
        ["Krait.Weights"] = ["Krait.Engine"],
        ["Krait.Imaging"] = [],
        ["Krait.Training"] = ["Krait.Models", "Krait.Imaging", "Krait.Weights"],
        ["Krait.Onnx"] = ["Krait.Models", "Krait.Weights"],
        ["Krait.Cli"] = ["Krait.Training", "Krait.Onnx"],
    };

    [Fact]
    public void Projects_refer_only_along_the_arrows()
    {
        foreach (string project in Directory.EnumerateFiles(Repository.PathOf("src"), "*.csproj",
            SearchOption.AllDirectories))
        {
            string name = Path.GetFileNameWithoutExtension(project);
            Assert.True(Arrows.ContainsKey(name), $"{name}: say in the architecture test what it may refer to.");
            string[] references = [.. XDocument.Load(project).Descendants("ProjectReference")
                .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')))];
            Assert.Empty(references.Except(Arrows[name]));
        }
    }

    [Fact]
    public void Kernels_know_no_shapes_programs_or_ops() =>
        Forbid("src/Krait.Engine/Kernels", KernelWords(), "kernels speak of spans, ints and lanes");

    [Fact]
    public void Kernels_start_no_threads() =>
        Forbid("src/Krait.Engine/Kernels", ThreadWords(), "the device spreads chunks, kernels do not");

    [Fact]
    public void Ops_name_no_concrete_device_and_no_files() =>
        Forbid("src/Krait.Engine/Ops", OpWords(), "ops speak of shapes and call the abstract device");

    [Fact]
    public void Layers_touch_no_files_console_or_device() =>
        Forbid("src/Krait.Nn", ModelWords(), "layers only describe programs");

    [Fact]
    public void Models_touch_no_files_console_or_device() =>
        Forbid("src/Krait.Models", ModelWords(), "models only describe programs");

    [Theory]
    [InlineData("src/Krait.Engine")]
    [InlineData("src/Krait.Nn")]
    [InlineData("src/Krait.Models")]
    [InlineData("src/Krait.Weights")]
    [InlineData("src/Krait.Imaging")]
    [InlineData("src/Krait.Training")]
    [InlineData("src/Krait.Onnx")]
    public void Only_the_command_line_prints(string project) =>
        Forbid(project, ConsoleWords(), "only Krait.Cli prints and reads arguments");

    [Fact]
    public void No_source_swallows_every_exception() =>
        Forbid("src", BareCatch(), "a catch names what it expects");

    [Fact]
    public void The_rules_see_code_and_not_comments()
    {
        Assert.Matches(ConsoleWords(), CodeOf("Console.WriteLine(1);"));
        Assert.DoesNotMatch(ConsoleWords(), CodeOf("// Console.WriteLine\n/* Console.Out */ var s = \"Console.Out\";"));
        Assert.Matches(KernelWords(), CodeOf("void F(Shape s)"));
        Assert.Matches(BareCatch(), CodeOf("try { } catch { }"));
        Assert.Matches(BareCatch(), CodeOf("try { } catch (Exception) { }"));
        Assert.DoesNotMatch(BareCatch(), CodeOf("try { } catch (IOException) { }"));
        Assert.DoesNotMatch(BareCatch(), CodeOf("try { } catch { x.Dispose(); throw; }"));
    }

    static void Forbid(string folder, Regex words, string rule)
    {
        var found = new List<string>();
        foreach (string file in Sources(folder))
        {
            string code = CodeOf(File.ReadAllText(file));
            foreach (Match match in words.Matches(code))
                found.Add($"{Path.GetRelativePath(Repository.Root, file)}: '{match.Value.Trim()}'");
        }
        Assert.True(found.Count == 0, $"{rule}; found\n" + string.Join('\n', found.Distinct()));
    }

    static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(Repository.PathOf(folder), "*.cs", SearchOption.AllDirectories);

    /// <summary>The text without comments and without the insides of plain strings.</summary>
    static string CodeOf(string text) => StringOrComment().Replace(text, m => m.Value[0] == '/' ? " " : "\"\"");

    [GeneratedRegex("""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*" """,
        RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex StringOrComment();

    [GeneratedRegex(@"\bKrait\.Engine\.(Programs|Ops|Devices)\b|\bShape\b")]
    private static partial Regex KernelWords();

    [GeneratedRegex(@"\b(Thread|ThreadPool|Parallel|Task)\s*[\.<]")]
    private static partial Regex ThreadWords();

    [GeneratedRegex(@"\bCpuDevice\b|\bWorkerPool\b|\bSystem\.IO\b|\b(File|Directory|Path)\.[A-Z]\w*\(|"
        + @"\bConsole\b|\bSimd\b")]
    private static partial Regex OpWords();

    [GeneratedRegex(@"\bSystem\.IO\b|\b(File|Directory)\.[A-Z]\w*|\bStream\b|\bConsole\b|"
        + @"\bCpuDevice\b|\bRows\b|\bLanes\d+\b")]
    private static partial Regex ModelWords();

    [GeneratedRegex(@"\bConsole\.\w+|\bSpectre\b|\bEnvironment\.GetCommandLineArgs\b")]
    private static partial Regex ConsoleWords();

    [GeneratedRegex(@"\bcatch\s*(\(\s*(System\.)?Exception\s*\)\s*)?\{(?![^}]*\bthrow\b)")]
    private static partial Regex BareCatch();
}
