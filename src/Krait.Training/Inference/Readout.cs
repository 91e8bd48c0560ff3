using Krait.Training.Data;

namespace Krait.Training;

/// <summary>How the channels of a network become probabilities and classes.</summary>
/// <param name="Outputs">Channels K: one a region, 1 for two classes, else one a class.</param>
/// <param name="Regions">One a channel where the network learned regions; else none.</param>
internal sealed record Readout(int Outputs, IReadOnlyList<LabelRegion> Regions)
{
    /// <param name="outputs">Channels of a network that learned classes.</param>
    public Readout(int outputs) : this(outputs, []) { }

    /// <summary>Every channel is a question of its own: sigmoid; else softmax over them.</summary>
    public bool IsSigmoid => Outputs == 1 || Regions.Count > 0;

    /// <summary>Probabilities of logits [..., K], in place.</summary>
    public void ToProbabilities(Span<float> logits)
    {
        if (IsSigmoid)
        {
            foreach (ref float v in logits) v = 1 / (1 + MathF.Exp(-v));
            return;
        }
        for (int at = 0; at < logits.Length; at += Outputs)
        {
            var pixel = logits.Slice(at, Outputs);
            float top = float.NegativeInfinity, sum = 0;
            foreach (float v in pixel) top = Math.Max(top, v);
            foreach (ref float v in pixel) sum += v = MathF.Exp(v - top);
            foreach (ref float v in pixel) v /= sum;
        }
    }

    /// <summary>Class of every position: p &gt;= 0.5 for one output, the most probable for more (the lower wins a tie).
    /// Of regions the class of the last one with p &gt; 0.5, as in nnU-Net.</summary>
    public byte[] ToLabels(ReadOnlySpan<float> probabilities)
    {
        var labels = new byte[probabilities.Length / Outputs];
        for (int i = 0; i < labels.Length; i++)
        {
            var position = probabilities.Slice(i * Outputs, Outputs);
            labels[i] = Regions.Count > 0 ? OfRegions(position) : Outputs == 1 ? position[0] >= 0.5f ? (byte)1 : (byte)0
                : MostProbable(position);
        }
        return labels;
    }

    private byte OfRegions(ReadOnlySpan<float> position)
    {
        for (int r = Outputs - 1; r >= 0; r--)
            if (position[r] > 0.5f) return (byte)Regions[r].Label;
        return 0;
    }

    private static byte MostProbable(ReadOnlySpan<float> position)
    {
        int best = 0;
        for (int c = 1; c < position.Length; c++)
            if (position[c] > position[best]) best = c;
        return (byte)best;
    }
}
