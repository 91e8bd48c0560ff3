using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Optimizers;

/// <summary>Settings of Adamax.</summary>
/// <param name="WeightDecay">Lambda w joins the gradient (L2).</param>
public sealed record AdamaxSettings(double Beta1 = 0.9, double Beta2 = 0.999, double Eps = 1e-8,
    double WeightDecay = 0);

/// <summary>
/// g = g + lambda w;  m = b1 m + (1 - b1) g;  u = max(b2 u, |g| + eps);  w = w - lr / (1 - b1^t) * m / u.
/// </summary>
/// <remarks>Adam, arXiv:1412.6980, algorithm 2, which has no eps.</remarks>
public sealed class Adamax(Device device, ParameterStore store, AdamaxSettings settings) : Optimizer(device, store)
{
    public override int Slots => 2;

    protected override void Update(Segment s, double learningRate) => Device.AdamaxStep(Gradients(s),
        new AdamaxNumbers((float)settings.WeightDecay, (float)settings.Beta1, (float)(1 - settings.Beta1),
            (float)settings.Beta2, (float)(learningRate / (1 - Math.Pow(settings.Beta1, s.Step))),
            (float)settings.Eps), Weights(s), Slot(0, s), Slot(1, s));
}

/// <summary>The numbers of one Adamax step.</summary>
/// <param name="L2">Lambda that joins the gradient.</param>
/// <param name="Rest1">1 - b1.</param>
/// <param name="StepSize">lr / (1 - b1^t).</param>
public readonly record struct AdamaxNumbers(float L2, float Beta1, float Rest1, float Beta2, float StepSize, float Eps);
