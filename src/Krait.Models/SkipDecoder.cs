using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Nn;

namespace Krait.Models;

/// <summary>
/// The right half of a U, from the deepest map upwards: enlarge, join the encoder's map of that size, convolve; a head
/// of one 1x1 convolution at each size.
/// </summary>
/// <param name="ups">Enlarging layers, deepest first.</param>
/// <param name="stages">What follows each joining.</param>
/// <param name="heads">To logits.</param>
/// <param name="isSupervised">All heads; else the finest one alone.</param>
/// <param name="joinsFinest">Whether the finest stage too sees the encoder's map.</param>
sealed class SkipDecoder(IReadOnlyList<Layer> ups, IReadOnlyList<Layer> stages, IReadOnlyList<Conv> heads,
    bool isSupervised, bool joinsFinest = true)
{
    /// <summary>Logits, finest first, from the encoder's maps, finest first.</summary>
    public IReadOnlyList<Value> Forward(IReadOnlyList<Value> maps)
    {
        var logits = new Stack<Value>();
        Value x = maps[^1];
        for (int i = 0; i < stages.Count; i++)
        {
            bool isFinest = i == stages.Count - 1;
            x = ups[i].Forward(x);
            x = stages[i].Forward(isFinest && !joinsFinest ? x : Concat.Apply(x, maps[^(i + 2)]));
            if (isFinest || isSupervised)
                logits.Push(heads[i].Forward(x));
        }
        return [.. logits];
    }
}
