using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Optimizers;

/// <summary>Settings of Adadelta.</summary>
/// <param name="Rho">Memory of the squares.</param>
/// <param name="WeightDecay">Lambda w joins the gradient (L2).</param>
public sealed record AdadeltaSettings(double Rho = 0.9, double Eps = 1e-6, double WeightDecay = 0);

/// <summary>
/// g = g + lambda w;  v = rho v + (1 - rho) g²;  s = sqrt(d + eps) / sqrt(v + eps) * g;  d = rho d + (1 - rho) s²;
/// w = w - lr s.
/// </summary>
/// <remarks>Zeiler, arXiv:1212.5701, algorithm 1; lr is 1 there.</remarks>
public sealed class Adadelta(Device device, ParameterStore store, AdadeltaSettings settings) : Optimizer(device, store)
{
    public override int Slots => 2;

    protected override void Update(Segment s, double learningRate) => Device.AdadeltaStep(Gradients(s),
        new AdadeltaNumbers((float)learningRate, (float)settings.WeightDecay, (float)settings.Rho,
            (float)(1 - settings.Rho), (float)settings.Eps), Weights(s), Slot(0, s), Slot(1, s));
}

/// <summary>The numbers of one Adadelta step.</summary>
/// <param name="L2">Lambda that joins the gradient.</param>
/// <param name="Rest">1 - rho.</param>
public readonly record struct AdadeltaNumbers(float LearningRate, float L2, float Rho, float Rest, float Eps);
