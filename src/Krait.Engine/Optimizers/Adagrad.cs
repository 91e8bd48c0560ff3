using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Optimizers;

/// <summary>Settings of Adagrad.</summary>
/// <param name="RateDecay">The rate of step t is lr / (1 + (t - 1) decay).</param>
/// <param name="WeightDecay">Lambda w joins the gradient (L2).</param>
/// <param name="InitialSum">Where the sums of squares start.</param>
public sealed record AdagradSettings(double RateDecay = 0, double Eps = 1e-10, double WeightDecay = 0,
    double InitialSum = 0);

/// <summary>g = g + lambda w;  s = s + g²;  w = w - lr / (1 + (t - 1) decay) * g / (sqrt(s) + eps).</summary>
/// <remarks>Duchi et al., "Adaptive subgradient methods", JMLR 12, 2011, Eq. (1) with a diagonal matrix.</remarks>
public sealed class Adagrad(Device device, ParameterStore store, AdagradSettings settings) : Optimizer(device, store)
{
    public override int Slots => 1;

    protected override void Update(Segment s, double learningRate) => Device.AdagradStep(Gradients(s),
        new AdagradNumbers((float)(learningRate / (1 + ((s.Step - 1) * settings.RateDecay))),
            (float)settings.WeightDecay, (float)settings.Eps, s.Step == 1 ? (float)settings.InitialSum : 0f),
        Weights(s), Slot(0, s));
}

/// <summary>The numbers of one Adagrad step.</summary>
/// <param name="L2">Lambda that joins the gradient.</param>
/// <param name="Start">Added to the sums before the step.</param>
public readonly record struct AdagradNumbers(float LearningRate, float L2, float Eps, float Start);
