using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>
/// y = f(a, b), element by element. b may be smaller: axes of extent 1 meet every index of a's, as in [B, 1, 1, C],
/// [B, H, W, 1], [1, H, W, C], [C] or [1].
/// </summary>
/// <exception cref="ShapeException">b does not fit a. Of a and b, the larger must come first.</exception>
public sealed class Binary : Op
{
    readonly BinaryKind _kind;
    readonly Broadcasting _broadcasting;

    Binary(BinaryKind kind, Value a, Value b)
    {
        _kind = kind;
        Broadcasting? way = Broadcasting.Of(a.Shape, b.Shape);
        Require(way is not null, "b has a's shape, or 1 on all of its last or all of its first axes", a.Shape, b.Shape);
        _broadcasting = way!.Value;
        Bind(a.Program, [a, b], [a.Shape]);
    }

    public static Value Apply(BinaryKind kind, Value a, Value b)
    {
        bool commutes = kind is not (BinaryKind.Sub or BinaryKind.Div);
        if (commutes && a.Shape.Count < b.Shape.Count)
            (a, b) = (b, a);
        if (kind == BinaryKind.Add && a.Shape == b.Shape)
            return Add.Apply(a, b);
        return a.Program.Append(new Binary(kind, a, b)).Outputs[0];
    }

    internal BinaryKind Kind => _kind;

    public override string Name => _kind.ToString();

    public override Cost Cost => Cost.Streaming(this);

    bool IsSameShape => Inputs[0]!.Shape == Inputs[1]!.Shape;

    public override bool CanOverwrite(int output, int input) => input == 0 || IsSameShape;

    public override void Differentiate(Gradients gradients)
    {
        Value a = Inputs[0]!, b = Inputs[1]!, dy = gradients.OrZero(Outputs[0]);
        switch (_kind)
        {
            case BinaryKind.Add or BinaryKind.Sub:
                gradients.Add(a, dy);
                if (gradients.Needs(b))
                    gradients.Add(b, SumLike(dy, null, b, _kind == BinaryKind.Sub ? -1f : 1f));
                break;
            case BinaryKind.Mul:
                if (gradients.Needs(a))
                    gradients.Add(a, Apply(BinaryKind.Mul, dy, b));
                if (gradients.Needs(b))
                    gradients.Add(b, SumLike(dy, a, b, 1f));
                break;
            case BinaryKind.Div:
                if (gradients.Needs(a) || gradients.Needs(b))
                    DifferentiateQuotient(gradients, a, b, dy);
                break;
            default:
                throw new NotSupportedException($"{Path} {Name}: has no gradient.");
        }
    }

    /// <summary>da = dy / b; db = -sum of da * y.</summary>
    void DifferentiateQuotient(Gradients gradients, Value a, Value b, Value dy)
    {
        Value da = Apply(BinaryKind.Div, dy, b);
        gradients.Add(a, da);
        if (gradients.Needs(b))
            gradients.Add(b, SumLike(da, Outputs[0], b, -1f));
    }

    /// <summary>scale * (x * times) summed over everything that b is smaller in.</summary>
    static Value SumLike(Value x, Value? times, Value b, float scale)
    {
        if (x.Shape.Count != b.Shape.Count)
            return Reduce.To(x, times, b.Shape, scale);
        Value product = times is null ? x : Apply(BinaryKind.Mul, x, times);
        return Reshape.Apply(scale == 1f ? product : Affine.Apply(product, scale), b.Shape);
    }

    public override void Run(Device device, in Frame frame) => device.Binary(_kind, frame[Inputs[0]],
        frame[Inputs[1]], _broadcasting.Repeat, frame[Outputs[0]]);
}
