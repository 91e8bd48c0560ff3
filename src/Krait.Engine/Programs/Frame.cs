using Krait.Engine.Devices;

namespace Krait.Engine.Programs;

/// <summary>What a run gives to the program besides its inputs.</summary>
/// <param name="Seed">Key of all randomness.</param>
/// <param name="Step">Number of the training step.</param>
/// <param name="FirstSample">Index of the batch's first sample within the step (micro-batches differ in it).</param>
public readonly record struct RunArguments(ulong Seed = 0, long Step = 0, int FirstSample = 0);

/// <summary>One run of a plan as an op sees it: where each value lies, and the run's arguments.</summary>
public readonly struct Frame
{
    readonly Rows[] _table;

    internal Frame(Rows[] table, RunArguments arguments)
    {
        _table = table;
        Arguments = arguments;
    }

    public RunArguments Arguments { get; }

    /// <summary>The place of a value; <c>default</c> (no pointer) for null.</summary>
    public Rows this[Value? value] => value is null ? default : _table[value.Id];
}
