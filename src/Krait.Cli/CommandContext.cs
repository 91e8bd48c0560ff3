using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Krait.Cli.Terminals;
using Spectre.Console;

namespace Krait.Cli;

/// <summary>One invocation of a command: its options, its terminal and how it reports.</summary>
public sealed class CommandContext(ParseResult parsed, Terminal terminal)
{
    static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public Terminal Terminal { get; } = terminal;
    public CancellationToken Stop => Terminal.Stop;
    public bool IsJson => parsed.GetValue(GlobalOptions.Json);
    public bool IsQuiet => parsed.GetValue(GlobalOptions.Quiet);

    /// <summary>Threads asked for; 0 for one a core.</summary>
    public int Threads => parsed.GetValue(GlobalOptions.Threads) ?? 0;

    /// <summary>What the user typed.</summary>
    public string CommandLine => string.Join(' ', parsed.Tokens.Select(t => t.Value).Prepend("krait"));

    public ulong? Seed => parsed.GetValue(GlobalOptions.Seed);

    public T? Get<T>(Option<T> option) => parsed.GetValue(option);

    public T? Get<T>(Argument<T> argument) => parsed.GetValue(argument);

    /// <summary>Whether the user gave the option.</summary>
    public bool Has(Option option) => parsed.GetResult(option) is { Implicit: false };

    /// <summary>A line of the result.</summary>
    public void Write(string line) => Terminal.Output.WriteLine(line);

    /// <summary>A line about what goes on; silent with --quiet.</summary>
    public void Note(string line)
    {
        if (!IsQuiet)
            Terminal.Error.WriteLine(line);
    }

    public void Warn(string line) => Terminal.Error.WriteLine("warning: " + line);

    public void WriteJson(JsonNode node) => Terminal.Output.WriteLine(node.ToJsonString(Indented));

    /// <summary>A table of results: with borders for a person, plain columns for a pipe.
    /// Numbers stand to the right.</summary>
    public void WriteTable(string? title, string[] columns, IEnumerable<string[]> rows)
    {
        if (title is not null)
            Write(title);
        var body = rows.ToList();
        bool[] isNumber = [.. columns.Select((_, c) => body.Count > 0 && body.All(r => IsNumber(r[c])))];
        if (Terminal.IsOutputInteractive)
            WriteBordered(columns, body, isNumber);
        else
            WritePlain(columns, body, isNumber);
    }

    static bool IsNumber(string text) => text.Length == 0 || char.IsAsciiDigit(text.TrimStart('-', '+')[0]);

    void WriteBordered(string[] columns, List<string[]> rows, bool[] isNumber)
    {
        var table = new Table { Border = TableBorder.Rounded };
        for (int c = 0; c < columns.Length; c++)
        {
            var column = new TableColumn(Markup.Escape(columns[c]));
            table.AddColumn(isNumber[c] ? column.RightAligned() : column);
        }
        foreach (string[] row in rows)
            table.AddRow([.. row.Select(Markup.Escape)]);
        Terminal.OutputConsole().Write(table);
    }

    void WritePlain(string[] columns, List<string[]> rows, bool[] isNumber)
    {
        int[] widths = [.. columns.Select((name, c) => rows.Select(r => r[c].Length).Append(name.Length).Max())];
        foreach (string[] row in rows.Prepend(columns))
            Write(string.Join("  ", row.Select((cell, c) =>
                isNumber[c] ? cell.PadLeft(widths[c]) : cell.PadRight(widths[c]))).TrimEnd());
    }

    public ProgressLine Progress(string title, string unit) => new(Terminal, title, unit, IsQuiet || IsJson);
}
