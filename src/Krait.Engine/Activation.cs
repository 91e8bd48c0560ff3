namespace Krait.Engine;

/// <summary>Element-wise nonlinearities, as ops of their own and fused into others.</summary>
public enum Activation
{
    /// <summary>y = x.</summary>
    None,

    /// <summary>y = max(x, 0).</summary>
    Relu,

    /// <summary>y = x for x &gt; 0, else slope * x; slope 0.01 unless an op takes one.</summary>
    LeakyRelu,

    /// <summary>y = x / 2 * (1 + erf(x / sqrt 2)), the exact form.</summary>
    Gelu,

    /// <summary>y = x * sigmoid(x).</summary>
    Silu,

    /// <summary>y = 1 / (1 + e^-x).</summary>
    Sigmoid,

    Tanh,

    /// <summary>y = ln(1 + e^x); equal to x in float32 above about 17, so a threshold of 20 changes nothing.</summary>
    Softplus,

    /// <summary>y = e^x.</summary>
    Exp,
}

/// <summary>Functions of two operands.</summary>
public enum BinaryKind
{
    Add,
    Sub,
    Mul,
    Div,
    Max,
    Min,
}

/// <summary>What a reduction makes of the numbers it meets.</summary>
public enum ReduceKind
{
    Sum,
    Mean,
    Max,
}
