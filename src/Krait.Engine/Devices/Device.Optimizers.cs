using Krait.Engine.Optimizers;

namespace Krait.Engine.Devices;

public abstract partial class Device
{
    /// <summary>One Adam step on flat memory; <paramref name="largest"/> is missing without AMSGrad.</summary>
    public abstract void AdamStep(Rows gradient, AdamNumbers numbers, Rows weight, Rows first, Rows second,
        Rows largest);

    /// <summary>One step of gradient descent on flat memory;
    /// <paramref name="buffer"/> is missing without momentum.</summary>
    public abstract void SgdStep(Rows gradient, SgdNumbers numbers, Rows weight, Rows buffer);

    /// <summary>One RMSprop step; <paramref name="buffer"/> is missing without momentum, <paramref name="mean"/> unless
    /// centred.</summary>
    public abstract void RmsPropStep(Rows gradient, RmsPropNumbers numbers, Rows weight, Rows square, Rows buffer,
        Rows mean);

    /// <summary>One Adagrad step on flat memory.</summary>
    public abstract void AdagradStep(Rows gradient, AdagradNumbers numbers, Rows weight, Rows sum);

    /// <summary>One Adadelta step on flat memory.</summary>
    public abstract void AdadeltaStep(Rows gradient, AdadeltaNumbers numbers, Rows weight, Rows square, Rows moved);

    /// <summary>One Adamax step on flat memory.</summary>
    public abstract void AdamaxStep(Rows gradient, AdamaxNumbers numbers, Rows weight, Rows first, Rows largest);

    /// <summary>Sum of squares in double, in a fixed order.</summary>
    public abstract double SumOfSquares(Rows x);
}
