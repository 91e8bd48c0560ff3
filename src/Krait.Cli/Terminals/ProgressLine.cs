using System.Diagnostics;
using System.Globalization;

namespace Krait.Cli.Terminals;

/// <summary>
/// Progress of one piece of work on the error stream: a bar with speed and time left that redraws itself on a terminal,
/// a plain line every ten seconds elsewhere. Safe to call from any thread.
/// </summary>
public sealed class ProgressLine : IDisposable
{
    const int BarWidth = 24;
    static readonly TimeSpan RedrawEvery = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan PlainEvery = TimeSpan.FromSeconds(10);

    readonly Terminal _terminal;
    readonly bool _isQuiet;
    readonly string _unit;
    readonly long _started = Stopwatch.GetTimestamp();
    readonly Lock _gate = new();
    long _drawn;
    string _title;
    int _lastLength;

    /// <param name="title">What is being done, such as "epoch 3/12".</param>
    /// <param name="unit">What is counted, such as "pictures".</param>
    public ProgressLine(Terminal terminal, string title, string unit, bool isQuiet = false)
    {
        _terminal = terminal;
        _title = title;
        _unit = unit;
        _isQuiet = isQuiet;
        _drawn = _started;
    }

    /// <summary>Says how far the work is.</summary>
    public void Report(long done, long total, string? title = null, string? note = null)
    {
        lock (_gate)
        {
            _title = title ?? _title;
            TimeSpan since = Stopwatch.GetElapsedTime(_drawn);
            bool isDue = since >= (_terminal.IsErrorInteractive ? RedrawEvery : PlainEvery);
            if (_isQuiet || (!isDue && done < total))
                return;
            if (done >= total && !_terminal.IsErrorInteractive && !isDue)
                return;
            _drawn = Stopwatch.GetTimestamp();
            Draw(Describe(_title, done, total, Stopwatch.GetElapsedTime(_started), _unit, note));
        }
    }

    /// <summary>Writes a line that stays, above the bar.</summary>
    public void Say(string line)
    {
        lock (_gate)
        {
            if (_isQuiet)
                return;
            Clear();
            _terminal.Error.WriteLine(line);
        }
    }

    /// <summary>"title [####----] 40/100 pictures, 12.3/s, 5 s left, note".</summary>
    public static string Describe(string title, long done, long total, TimeSpan elapsed, string unit, string? note)
    {
        double share = total > 0 ? Math.Clamp((double)done / total, 0, 1) : 0;
        int full = (int)Math.Round(share * BarWidth);
        double rate = elapsed.TotalSeconds > 0 ? done / elapsed.TotalSeconds : 0;
        string left = rate > 0 && total > done ? $", {Duration(TimeSpan.FromSeconds((total - done) / rate))} left" : "";
        string text = string.Create(CultureInfo.InvariantCulture,
            $"{title} [{new string('#', full)}{new string('-', BarWidth - full)}] {done}/{total} {unit}, " +
            $"{Rate(rate)}{left}");
        return note is null ? text : $"{text}, {note}";
    }

    /// <summary>A duration for people: "850 ms", "12 s", "3 min 05 s", "2 h 10 min".</summary>
    public static string Duration(TimeSpan t) => t switch
    {
        { TotalSeconds: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{t.TotalMilliseconds:0} ms"),
        { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{t.TotalSeconds:0} s"),
        { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{t.Minutes} min {t.Seconds:00} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)t.TotalHours} h {t.Minutes:00} min"),
    };

    public void Dispose()
    {
        lock (_gate)
            Clear();
    }

    static string Rate(double perSecond) => string.Create(CultureInfo.InvariantCulture,
        $"{(perSecond >= 100 ? perSecond.ToString("0", CultureInfo.InvariantCulture)
            : perSecond.ToString("0.0#", CultureInfo.InvariantCulture))}/s");

    void Draw(string text)
    {
        if (!_terminal.IsErrorInteractive)
        {
            _terminal.Error.WriteLine(text);
            return;
        }
        int width = Math.Max(20, TerminalWidth() - 1);
        text = text.Length > width ? text[..width] : text;
        _terminal.Error.Write("\r" + text.PadRight(Math.Min(width, _lastLength)));
        _terminal.Error.Flush();
        _lastLength = text.Length;
    }

    void Clear()
    {
        if (_lastLength > 0)
            _terminal.Error.Write("\r" + new string(' ', _lastLength) + "\r");
        _lastLength = 0;
    }

    static int TerminalWidth()
    {
        try
        {
            return Console.WindowWidth > 0 ? Console.WindowWidth : 80;
        }
        catch (IOException)
        {
            return 80;
        }
    }
}
