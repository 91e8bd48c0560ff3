using System.Globalization;

namespace Krait.Imaging.Drawing;

/// <summary>A range of numbers laid on a stretch of pixels, with round ticks.</summary>
internal sealed class ChartAxis
{
    private readonly double step;

    private ChartAxis(double low, double high, double step) => (Low, High, this.step) = (low, high, step);

    public double Low { get; }

    public double High { get; }

    /// <summary>Steps of 1, 2 or 5 times a power of ten, about <paramref name="ticks"/> of them; open ends are moved
    /// outwards to a tick.</summary>
    public static ChartAxis Nice(double low, double high, int ticks, bool fixedLow, bool fixedHigh, bool whole)
    {
        if (!(high > low))
        {
            double half = low == 0 ? 1 : Math.Abs(low) * 0.1;
            (low, high) = (low - half, low + half);
        }

        double rough = (high - low) / ticks;
        double power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double step = power * (rough / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 };
        step = whole ? Math.Max(1, Math.Round(step)) : step;
        double from = fixedLow ? low : Math.Floor((low / step) + 1e-9) * step;
        double to = fixedHigh ? high : Math.Ceiling((high / step) - 1e-9) * step;
        return new ChartAxis(from, to, step);
    }

    /// <summary>0 at the low end, 1 at the high end.</summary>
    public double Share(double value) => (value - Low) / (High - Low);

    public IEnumerable<(double Value, string Label)> Ticks()
    {
        long first = (long)Math.Ceiling((Low / step) - 1e-9);
        long last = (long)Math.Floor((High / step) + 1e-9);
        for (long i = first; i <= last; i++)
        {
            yield return (i * step, Label(i * step));
        }
    }

    private string Label(double value)
    {
        double largest = Math.Max(Math.Abs(Low), Math.Abs(High));
        if (largest is >= 1e6 or < 1e-3)
        {
            return value == 0 ? "0" : value.ToString("0.##e0", CultureInfo.InvariantCulture);
        }

        int decimals = Math.Max(0, -(int)Math.Floor(Math.Log10(step) + 1e-9));
        return value.ToString($"F{decimals}", CultureInfo.InvariantCulture);
    }
}
