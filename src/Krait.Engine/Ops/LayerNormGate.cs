using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>y = LayerNorm(x) * SiLU(z): the output norm and gate of SS2D in one pass over memory.</summary>
/// <remarks>VMamba, arXiv:2401.10166. One op with <see cref="LayerNorm"/>; kernels share their loops.</remarks>
public static class LayerNormGate
{
    /// <param name="x">[..., C].</param>
    /// <param name="gamma">[C], or null for 1.</param>
    /// <param name="beta">[C], or null for 0.</param>
    /// <param name="z">The gate, x's shape.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <exception cref="ShapeException">z has another shape, or gamma or beta is not [C].</exception>
    public static Value Apply(Value x, Value? gamma, Value? beta, Value z, float eps = 1e-5f) =>
        LayerNorm.ApplyGated(x, gamma, beta, z, eps);
}
