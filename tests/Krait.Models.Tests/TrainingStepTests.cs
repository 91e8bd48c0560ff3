using System.Text.Json.Nodes;
using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Optimizers;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Training.Execution;

namespace Krait.Models.Tests;

public sealed class TrainingStepTests
{
    static readonly Shape Image = new(2, 64, 64, 3);
    static readonly Shape Target = new(2, 64, 64, 1);

    static SegmentationModel Narrow(float dropPath = 0.3f) => ModelRegistry.Create("vmunetv2", new JsonObject
    {
        ["depths"] = new JsonArray(1, 1, 2, 1),
        ["width"] = 16,
        ["midChannels"] = 8,
        ["dropPathRate"] = dropPath,
    }, seed: 3);

    static Value SquaredError(IReadOnlyList<Value> outputs, Value target)
    {
        Value difference = Binary.Apply(BinaryKind.Sub, outputs[0], target);
        Value loss = Reduce.Apply(ReduceKind.Mean, Binary.Apply(BinaryKind.Mul, difference, difference));
        return Reshape.Apply(loss, new Shape(1));
    }

    static float[] Numbers(long count, int seed)
    {
        var rng = new CounterRng((ulong)seed, 0, "numbers");
        return [.. Enumerable.Range(0, (int)count).Select(i => (float)rng.Normal((ulong)i))];
    }

    static (float[] Losses, float[] Weights) Train(int threads, int steps, long? memoryLimit = null)
    {
        using Device device = CpuDevice.Create(threads);
        using SegmentationModel model = Narrow();
        using var step = new TrainingStep(model, device, SquaredError, Image, Target,
            new TrainingStepOptions { MemoryLimitBytes = memoryLimit, ResidentBytes = 0 });
        if (memoryLimit is not null)
            Assert.True(step.Forecast.RecomputedBlocks > 0);
        var optimizer = new Adam(device, model.Store, new AdamSettings());
        float[] image = Numbers(Image.Count, 1), target = Numbers(Target.Count, 2);
        var losses = new float[steps];
        for (int i = 0; i < steps; i++)
        {
            losses[i] = step.Run(image, target, new RunArguments(Seed: 5, Step: i));
            optimizer.Step(step.Learned, 1e-3);
        }
        return (losses, [.. model.Store.Weights.SelectMany(model.Store.Save)]);
    }

    [Fact]
    public void Ten_steps_give_the_same_bits_at_one_and_two_threads_and_the_loss_falls()
    {
        (float[] one, float[] oneWeights) = Train(1, 10);
        (float[] two, float[] twoWeights) = Train(2, 10);
        Assert.Equal(one, two);
        Assert.Equal(oneWeights, twoWeights);
        Assert.True(one[^1] < one[0]);
    }

    [Fact]
    public void Recomputing_blocks_saves_memory_and_changes_no_bit()
    {
        using SegmentationModel model = Narrow();
        using Device device = CpuDevice.Create(2);
        using var free = new TrainingStep(model, device, SquaredError, Image, Target);
        long limit = free.Forecast.StoreBytes + (free.Forecast.ArenaBytes * 95 / 100);
        Assert.True(free.Forecast.ResidentBytes > 0);
        Assert.Equal(Train(2, 2).Losses, Train(2, 2, limit).Losses);
    }

    [Fact]
    public void A_goal_that_nothing_fits_recomputes_all_that_the_limit_asks_for_and_more()
    {
        using SegmentationModel model = Narrow();
        using Device device = CpuDevice.Create(2);
        using TrainingStep free = Step(long.MaxValue, null);
        using TrainingStep fitting = Step(long.MaxValue, free.Forecast.ProcessBytes);
        using TrainingStep modest = Step(long.MaxValue, free.Forecast.ProcessBytes - 1);
        using TrainingStep least = Step(long.MaxValue, 1);
        Assert.Equal(0, free.Forecast.RecomputedBlocks);
        Assert.Equal(0, fitting.Forecast.RecomputedBlocks);
        Assert.Equal(1, modest.Forecast.RecomputedBlocks);
        Assert.True(least.Forecast.RecomputedBlocks > 1);
        Assert.True(least.Forecast.ArenaBytes < free.Forecast.ArenaBytes);

        TrainingStep Step(long limit, long? goal) => new(model, device, SquaredError, Image, Target,
            new TrainingStepOptions { MemoryLimitBytes = limit, MemoryGoalBytes = goal, ResidentBytes = 0 });
    }

    [Fact]
    public void A_limit_that_nothing_fits_is_refused_with_the_batch_that_would()
    {
        using SegmentationModel model = Narrow();
        using Device device = CpuDevice.Create(2);
        var large = new Shape(64, 64, 64, 3);
        using var one = new TrainingStep(model, device, SquaredError, Image, Target);
        long limit = one.Forecast.StoreBytes + (one.Forecast.ArenaBytes * 2);
        var e = Assert.Throws<MemoryLimitException>(() => new TrainingStep(model, device, SquaredError, large,
            new Shape(64, 64, 64, 1), new TrainingStepOptions { MemoryLimitBytes = limit, ResidentBytes = 0 }));
        Assert.InRange(e.FittingBatch, 2, 63);
        Assert.Contains($"A batch of {e.FittingBatch} fits", e.Message);
    }

    /// <summary>At 32 pixels the deepest norm has one value a channel and picture:
    /// a batch of one cannot be trained.</summary>
    [Fact]
    public void Batches_that_a_norm_refuses_are_not_offered()
    {
        using SegmentationModel model = ModelRegistry.Create("unetv2", seed: 1);
        using Device device = CpuDevice.Create(2);
        Assert.Throws<ShapeException>(() => Step(1, null));
        using var smallest = Step(2, null);
        long whole = smallest.Forecast.StoreBytes;
        Assert.Contains($"alone take {MemoryForecast.Format(whole)}, a batch of 2, the smallest, needs ",
            Refusal(whole).Message);
        MemoryLimitException close = Refusal(whole + 1);
        Assert.Equal(0, close.FittingBatch);
        Assert.Contains(". A batch of 2, the smallest, needs ", close.Message);

        TrainingStep Step(int batch, long? limit) => new(model, device, SquaredError, new Shape(batch, 32, 32, 3),
            new Shape(batch, 32, 32, 1), new TrainingStepOptions { MemoryLimitBytes = limit, ResidentBytes = 0 });
        MemoryLimitException Refusal(long limit) => Assert.Throws<MemoryLimitException>(() => Step(8, limit));
    }

    [Fact]
    public void Two_micro_batches_add_up_to_one_batch()
    {
        using SegmentationModel model = Narrow(dropPath: 0);
        using Device device = CpuDevice.Create(2);
        float[] image = Numbers(Image.Count, 1), target = Numbers(Target.Count, 2);
        var half = new TrainingStepOptions { LossScale = 0.5f };
        using var first = new TrainingStep(model, device, SquaredError, Image, Target, half);
        using var second = new TrainingStep(model, device, SquaredError, Image, Target,
            half with { Accumulate = true });
        using var whole = new TrainingStep(model, device, SquaredError, Image, Target);
        first.Run(image, target, default);
        second.Run(image, target, default);
        float[] sum = [.. first.Learned.SelectMany(model.Store.SaveGradient)];
        whole.Run(image, target, default);
        float[] once = [.. whole.Learned.SelectMany(model.Store.SaveGradient)];
        Assert.True(once.Max(MathF.Abs) > 0);
        for (int i = 0; i < once.Length; i++)
            Assert.Equal(once[i], sum[i], 1e-6f + (1e-5f * MathF.Abs(once[i])));
    }

    [Fact]
    public void A_steady_state_step_allocates_next_to_nothing()
    {
        using SegmentationModel model = Narrow();
        using Device device = CpuDevice.Create(1); // All on this thread, whose allocations can be told from others'.
        using var step = new TrainingStep(model, device, SquaredError, Image, Target);
        float[] image = Numbers(Image.Count, 1), target = Numbers(Target.Count, 2);
        for (int i = 0; i < 3; i++)
            step.Run(image, target, new RunArguments(Step: i));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
            step.Run(image, target, new RunArguments(Step: i));
        long perStep = (GC.GetAllocatedBytesForCurrentThread() - before) / 10;
        // Far below one object per op: the program has several hundred ops.
        Assert.InRange(perStep, 0, 2048);
    }

    [Fact]
    public void Every_value_in_memory_of_its_own_gives_the_same_bits()
    {
        using SegmentationModel model = Narrow();
        using Device device = CpuDevice.Create(2);
        float[] Gradient(bool debug)
        {
            var program = new Program(isTraining: true);
            Value x = program.Input("x", Image), t = program.Input("t", Target);
            Value loss = program.Keep(SquaredError(model.Outputs(x), t), "loss");
            Gradients.Append(program, [(loss, null)], recompute: block => block % 2 == 0);
            using var plan = new Plan(program, device, model.Store, new PlanOptions { Debug = debug });
            Numbers(Image.Count, 1).CopyTo(plan[x].AsSpan());
            Numbers(Target.Count, 2).CopyTo(plan[t].AsSpan());
            plan.Run(new RunArguments(9, 1));
            return [.. program.LearnedParameters.OrderBy(p => p.Offset).SelectMany(model.Store.SaveGradient)];
        }

        float[] shared = Gradient(false);
        Assert.All(shared, g => Assert.True(float.IsFinite(g)));
        Assert.Equal(shared, Gradient(true));
    }
}
