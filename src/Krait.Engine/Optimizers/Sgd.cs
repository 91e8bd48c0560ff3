using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Optimizers;

/// <summary>Settings of stochastic gradient descent.</summary>
/// <param name="WeightDecay">Lambda w joins the gradient (L2).</param>
public sealed record SgdSettings(double Momentum = 0, double Dampening = 0, bool Nesterov = false,
    double WeightDecay = 0);

/// <summary>
/// g = g + lambda w;  b = g at first, then momentum b + (1 - dampening) g;  w = w - lr (Nesterov: g + momentum b, else
/// b).
/// </summary>
/// <remarks>Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML 2013.</remarks>
public sealed class Sgd(Device device, ParameterStore store, SgdSettings settings) : Optimizer(device, store)
{
    public override int Slots => settings.Momentum == 0 ? 0 : 1;

    protected override void Update(Segment s, double learningRate)
    {
        bool isFirst = s.Step == 1;
        var numbers = new SgdNumbers((float)learningRate, (float)settings.WeightDecay,
            isFirst ? 0f : (float)settings.Momentum, isFirst ? 1f : (float)(1 - settings.Dampening),
            settings.Nesterov ? (float)settings.Momentum : 0f, settings.Nesterov);
        Device.SgdStep(Gradients(s), numbers, Weights(s), Slots == 0 ? default : Slot(0, s));
    }
}

/// <summary>The numbers of one step: buffer = Carry buffer + Take g;
/// w -= lr (Nesterov: g + Look buffer, else buffer).</summary>
public readonly record struct SgdNumbers(float LearningRate, float L2, float Carry, float Take, float Look,
    bool IsNesterov);
