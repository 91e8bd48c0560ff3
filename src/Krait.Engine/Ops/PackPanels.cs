using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Engine.Ops;

/// <summary>
/// The columns of a product's right operand in the order in which the device reads them. Of a parameter it is done
/// once in prediction; in training it is done every step, as the parameter moves.
/// </summary>
/// <remarks>The output's inner order belongs to the device: only <see cref="MatMul"/> may read it.</remarks>
public sealed class PackPanels : Op
{
    readonly bool _transposed;

    PackPanels(Value weight, bool transposed)
    {
        _transposed = transposed;
        int k = transposed ? weight.Shape.Width : checked((int)weight.Shape.Rows);
        int n = transposed ? checked((int)weight.Shape.Rows) : weight.Shape.Width;
        int columns = (n + Device.PanelColumns - 1) / Device.PanelColumns * Device.PanelColumns;
        Bind(weight.Program, [weight], [new Shape(columns, k)]);
    }

    /// <param name="weight">[K, N], or [N, K] when <paramref name="transposed"/>.</param>
    /// <param name="transposed">Whether the weight's rows are the product's columns.</param>
    public static Value Apply(Value weight, bool transposed) =>
        weight.Program.Append(new PackPanels(weight, transposed)).Outputs[0];

    public override Cost Cost => Cost.Streaming(this, CostKind.Layout);

    public override bool AllowsStride(int output) => false;

    public override void Run(Device device, in Frame frame) =>
        device.PackPanels(frame[Inputs[0]], _transposed, frame[Outputs[0]]);
}
