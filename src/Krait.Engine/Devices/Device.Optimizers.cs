using Krait.Engine.Optimizers;

namespace Krait.Engine.Devices;

public abstract partial class Device
{
    /// <summary>One Adam step on flat memory; <paramref name="largest"/> is missing without AMSGrad.</summary>
    public abstract void AdamStep(Rows gradient, AdamNumbers numbers, Rows weight, Rows first, Rows second, Rows largest);

    /// <summary>One step of gradient descent on flat memory; <paramref name="buffer"/> is missing without momentum.</summary>
    public abstract void SgdStep(Rows gradient, SgdNumbers numbers, Rows weight, Rows buffer);

    /// <summary>Sum of squares in double, in a fixed order.</summary>
    public abstract double SumOfSquares(Rows x);
}
