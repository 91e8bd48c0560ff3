using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Optimizers;

/// <summary>Settings of Adam and AdamW.</summary>
/// <param name="WeightDecay">Lambda.</param>
/// <param name="IsDecoupled">AdamW: weights shrink by lr lambda. Otherwise lambda w joins the gradient (L2).</param>
/// <param name="UsesLargestSecondMoment">AMSGrad.</param>
public sealed record AdamSettings(double Beta1 = 0.9, double Beta2 = 0.999, double Eps = 1e-8,
    double WeightDecay = 0.01,
    bool IsDecoupled = true, bool UsesLargestSecondMoment = false);

/// <summary>
/// m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g²;  w = w - lr / (1 - b1^t) * m / (sqrt(v / (1 - b2^t)) + eps).
/// </summary>
/// <remarks>Adam, arXiv:1412.6980, algorithm 1; AdamW, arXiv:1711.05101, algorithm 2; AMSGrad,
/// arXiv:1904.09237.</remarks>
public sealed class Adam(Device device, ParameterStore store, AdamSettings settings) : Optimizer(device, store)
{
    public override int Slots => settings.UsesLargestSecondMoment ? 3 : 2;

    protected override void Update(Segment s, double learningRate)
    {
        double bias1 = 1 - Math.Pow(settings.Beta1, s.Step);
        double bias2 = 1 - Math.Pow(settings.Beta2, s.Step);
        var numbers = new AdamNumbers(
            Keep: settings.IsDecoupled ? (float)(1 - (learningRate * settings.WeightDecay)) : 1f,
            L2: settings.IsDecoupled ? 0f : (float)settings.WeightDecay,
            Beta1: (float)settings.Beta1, Beta2: (float)settings.Beta2,
            Rest1: (float)(1 - settings.Beta1), Rest2: (float)(1 - settings.Beta2),
            StepSize: (float)(learningRate / bias1), RootBias2: (float)Math.Sqrt(bias2), Eps: (float)settings.Eps);
        Device.AdamStep(Gradients(s), numbers, Weights(s), Slot(0, s), Slot(1, s),
            settings.UsesLargestSecondMoment ? Slot(2, s) : default);
    }
}

/// <summary>The numbers of one Adam step.</summary>
/// <param name="Keep">Factor on the weights before the step: 1 - lr lambda (decoupled decay).</param>
/// <param name="L2">Lambda that joins the gradient.</param>
/// <param name="Rest1">1 - b1.</param>
/// <param name="Rest2">1 - b2.</param>
/// <param name="StepSize">lr / (1 - b1^t).</param>
/// <param name="RootBias2">sqrt(1 - b2^t).</param>
public readonly record struct AdamNumbers(float Keep, float L2, float Beta1, float Beta2, float Rest1, float Rest2,
    float StepSize, float RootBias2, float Eps);
