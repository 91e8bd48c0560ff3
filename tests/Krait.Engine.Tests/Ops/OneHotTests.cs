using Krait.Engine.Devices;
using Krait.Engine.Ops;
using Krait.Engine.Programs;

namespace Krait.Engine.Tests.Ops;

public sealed class OneHotTests
{
    [Fact]
    public void Labels_become_channels_and_others_zeros()
    {
        using var device = CpuDevice.Create(2);
        using var store = new ParameterStore();
        var program = new Program(false);
        Value labels = program.Input("labels", new Shape(1, 5, 1));
        Value y = program.Keep(OneHot.Apply(labels, 3), "y");
        using var plan = new Plan(program, device, store);
        float[] numbers = [0, 2, -100, 1, 3];
        numbers.CopyTo(plan[labels].AsSpan());
        plan.Run();
        Assert.Equal([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0], plan[y].AsSpan().ToArray());
    }

    [Fact]
    public void Labels_have_one_channel()
    {
        var program = new Program(false);
        Value labels = program.Input("labels", new Shape(1, 5, 2));
        Assert.Throws<ShapeException>(() => OneHot.Apply(labels, 3));
    }
}
