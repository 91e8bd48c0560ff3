using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Programs;

namespace Krait.Training.Tests.Losses;

/// <summary>Runs losses that are traced: values and gradients for given numbers.</summary>
internal static class TracedLoss
{
    /// <summary>The loss and its gradient with respect to the first input.</summary>
    public static (float Loss, float[] Gradient) Run(Func<Value[], Value> loss,
        params (Shape Shape, float[] Numbers)[] inputs)
    {
        using Device device = CpuDevice.Create(1);
        using var store = new ParameterStore();
        var program = new Program(true);
        Value[] values = [.. inputs.Select((x, i) => program.Input($"x{i}", x.Shape))];
        Value l = program.Keep(loss(values), "loss");
        Value dx = program.Keep(Gradients.Append(program, [(l, null)], [values[0]])[values[0]]!, "dx");
        using var plan = new Plan(program, device, store);
        for (int i = 0; i < inputs.Length; i++)
            inputs[i].Numbers.CopyTo(plan[values[i]].AsSpan());
        plan.Run();
        return (plan[l].AsSpan()[0], plan[dx].AsSpan().ToArray());
    }

    public static float[] Numbers(long count, int seed, double low, double high)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, (int)count).Select(_ => (float)(low + (random.NextDouble() * (high - low))))];
    }
}
