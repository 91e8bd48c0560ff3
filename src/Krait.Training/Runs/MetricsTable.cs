using System.Globalization;
using System.Text;

namespace Krait.Training.Runs;

/// <summary>metrics.csv: one row an epoch, flushed at once;
/// on resume the rows after the resumed epoch are cut off.</summary>
public sealed class MetricsTable : IDisposable
{
    private readonly StreamWriter writer;

    private MetricsTable(StreamWriter writer, IReadOnlyList<string> columns, IReadOnlyList<double[]> rows)
    {
        this.writer = writer;
        Columns = columns;
        this.rows = [.. rows];
    }

    private readonly List<double[]> rows;

    /// <summary>Column names; the first is epoch, counted from 1.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>All rows so far; an empty cell is NaN.</summary>
    public IReadOnlyList<double[]> Rows => rows;

    /// <summary>Starts a table, or goes on after the row of <paramref name="lastEpoch"/>.</summary>
    /// <exception cref="InvalidDataException">If an existing table has other columns.</exception>
    public static MetricsTable Open(string path, IReadOnlyList<string> columns, int lastEpoch = 0)
    {
        var kept = new List<double[]>();
        if (lastEpoch > 0 && File.Exists(path)) kept = Read(path, columns, lastEpoch);
        var text = new StringBuilder(string.Join(',', columns)).Append('\n');
        foreach (var row in kept) text.Append(Line(row));
        RunFile.WriteText(path, text.ToString());
        var stream = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
        return new MetricsTable(new StreamWriter(stream), columns, kept);
    }

    /// <summary>Reads a table: its columns and rows.</summary>
    public static (IReadOnlyList<string> Columns, IReadOnlyList<double[]> Rows) Read(string path)
    {
        string[] lines = File.ReadAllLines(path);
        string[] columns = lines.Length == 0 ? [] : lines[0].Split(',');
        return (columns, Read(path, columns, int.MaxValue));
    }

    /// <summary>Appends a row and flushes it.</summary>
    public void Add(params double[] row)
    {
        if (row.Length != Columns.Count)
            throw new ArgumentException($"metrics.csv: {Columns.Count} columns; got {row.Length} values.");
        rows.Add(row);
        writer.Write(Line(row));
        writer.Flush();
    }

    /// <summary>Values of a column, row by row.</summary>
    public double[] Column(string name)
    {
        int c = Columns.ToList().IndexOf(name);
        return c < 0 ? throw new ArgumentException($"metrics.csv: no column '{name}'.") : [.. rows.Select(r => r[c])];
    }

    public void Dispose() => writer.Dispose();

    private static List<double[]> Read(string path, IReadOnlyList<string> columns, int lastEpoch)
    {
        var rows = new List<double[]>();
        string[] lines = File.ReadAllLines(path);
        if (lines.Length == 0 || lines[0] != string.Join(',', columns))
            throw new InvalidDataException($"{path}: the columns are {lines.FirstOrDefault()}; expected " +
                $"{string.Join(',', columns)}. It was written by another version: start a new run.");
        foreach (string line in lines.Skip(1))
        {
            double[] row = [.. line.Split(',').Select(Cell)];
            // A row that was cut short by a crash, and those of epochs that are run again.
            if (row.Length != columns.Count || row[0] > lastEpoch) break;
            rows.Add(row);
        }
        return rows;
    }

    private static double Cell(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : double.NaN;

    private static string Line(double[] row) => string.Join(',', row.Select(v =>
        double.IsNaN(v) ? "" : v.ToString("R", CultureInfo.InvariantCulture))) + "\n";
}
