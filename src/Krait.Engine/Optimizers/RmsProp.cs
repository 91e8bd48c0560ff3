using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Optimizers;

/// <summary>Settings of RMSprop.</summary>
/// <param name="Alpha">Memory of the squared gradient.</param>
/// <param name="IsCentered">Divides by the deviation of the gradient instead of its root mean square.</param>
/// <param name="WeightDecay">Lambda w joins the gradient (L2).</param>
public sealed record RmsPropSettings(double Alpha = 0.99, double Eps = 1e-8, double Momentum = 0,
    bool IsCentered = false, double WeightDecay = 0);

/// <summary>
/// g = g + lambda w;  v = alpha v + (1 - alpha) g²;  s = g / (sqrt(v) + eps), with v - m² for v where centred, m the
/// mean of g;  b = momentum b + s;  w = w - lr b (lr s without momentum).
/// </summary>
/// <remarks>Tieleman and Hinton, Lecture 6.5, 2012; centred: Graves, arXiv:1308.0850.</remarks>
public sealed class RmsProp(Device device, ParameterStore store, RmsPropSettings settings) : Optimizer(device, store)
{
    bool HasMomentum => settings.Momentum > 0;

    /// <summary>The squares, then momentum and mean where they are used.</summary>
    public override int Slots => 1 + (HasMomentum ? 1 : 0) + (settings.IsCentered ? 1 : 0);

    protected override void Update(Segment s, double learningRate) => Device.RmsPropStep(Gradients(s),
        new RmsPropNumbers((float)learningRate, (float)settings.WeightDecay, (float)settings.Alpha,
            (float)(1 - settings.Alpha), (float)settings.Eps, (float)settings.Momentum),
        Weights(s), Slot(0, s), HasMomentum ? Slot(1, s) : default,
        settings.IsCentered ? Slot(Slots - 1, s) : default);
}

/// <summary>The numbers of one RMSprop step.</summary>
/// <param name="L2">Lambda that joins the gradient.</param>
/// <param name="Rest">1 - alpha.</param>
public readonly record struct RmsPropNumbers(float LearningRate, float L2, float Alpha, float Rest, float Eps,
    float Momentum);
