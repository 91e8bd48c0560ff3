using Krait.Engine.Programs;

namespace Krait.Cli.Benchmarks;

/// <summary>Times of a plan: whole runs, and the least of every step over several profiled runs.</summary>
sealed class StepTimes
{
    readonly double[] _least;

    public StepTimes(Plan plan)
    {
        Steps = plan.Steps;
        _least = new double[plan.Steps.Count];
        Array.Fill(_least, double.PositiveInfinity);
    }

    public IReadOnlyList<Op> Steps { get; }

    /// <summary>Least seconds of a step.</summary>
    public double Seconds(int step) => _least[step];

    /// <summary>Takes the times of one profiled run.</summary>
    public void Take(Plan plan)
    {
        IReadOnlyList<double> nanoseconds = plan.Nanoseconds;
        for (int i = 0; i < _least.Length; i++)
            _least[i] = Math.Min(_least[i], nanoseconds[i] * 1e-9);
    }
}

/// <summary>A row of a cost table: the steps of one kind, or of one layer.</summary>
sealed record CostRow(string Name, int Steps, double Seconds, double Floor, long Macs, long Bytes)
{
    /// <summary>Gathers steps by a key, the most expensive first.</summary>
    public static IReadOnlyList<CostRow> By(StepTimes times, MachineLimits limits, Func<Op, string> key)
    {
        var rows = new Dictionary<string, CostRow>();
        for (int i = 0; i < times.Steps.Count; i++)
        {
            Op op = times.Steps[i];
            string name = key(op);
            CostRow row = rows.GetValueOrDefault(name) ?? new CostRow(name, 0, 0, 0, 0, 0);
            rows[name] = row with
            {
                Steps = row.Steps + 1,
                Seconds = row.Seconds + times.Seconds(i),
                Floor = row.Floor + Benchmarks.Floor.Seconds(op, limits),
                Macs = row.Macs + op.Cost.Macs,
                Bytes = row.Bytes + op.Cost.Bytes,
            };
        }
        return [.. rows.Values.OrderByDescending(r => r.Seconds)];
    }
}
