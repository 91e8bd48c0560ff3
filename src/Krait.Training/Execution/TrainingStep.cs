using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Programs;
using Krait.Models;

namespace Krait.Training.Execution;

/// <summary>How a training step is planned.</summary>
public sealed record TrainingStepOptions
{
    /// <summary>Bound on the memory of the process; null: none.</summary>
    public long? MemoryLimitBytes { get; init; }

    /// <summary>Blocks are recomputed down to this, if they can be; null: the bound.</summary>
    public long? MemoryGoalBytes { get; init; }

    /// <summary>What that bound is, for messages.</summary>
    public string MemoryLimitName { get; init; } = "the limit";

    /// <summary>What the process holds before the run; null measures it.</summary>
    public long? ResidentBytes { get; init; }

    /// <summary>Optimizer slots a parameter (AdamW: 2), for the forecast.</summary>
    public int OptimizerSlots { get; init; } = 2;

    /// <summary>Stops at the first layer that yields NaN or infinity.</summary>
    public bool CheckNumerics { get; init; }

    /// <summary>Adds to the flat gradient instead of writing it: for micro-batches after the first.</summary>
    public bool Accumulate { get; init; }

    /// <summary>Factor on the gradients: 1 / number of micro-batches.</summary>
    public float LossScale { get; init; } = 1f;
}

/// <summary>
/// Forward and backward of one batch shape: planned once, run many times without allocating. Gradients go to the
/// model's store; the optimizer comes after.
/// </summary>
public sealed class TrainingStep : IDisposable
{
    readonly Plan _plan;
    readonly Traced _traced;

    /// <param name="image">[B, H, W, C] or [B, D, H, W, C].</param>
    /// <param name="target">At the picture's size, with 1 channel or one a class.</param>
    /// <param name="loss">From the logits of all outputs, finest first,
    /// and the target to a value of one number.</param>
    /// <param name="arena">Memory shared with other plans.</param>
    /// <exception cref="MemoryLimitException">No amount of recomputation fits the limit.</exception>
    public TrainingStep(SegmentationModel model, Device device, Func<IReadOnlyList<Value>, Value, Value> loss,
        Shape image, Shape target, TrainingStepOptions? options = null, Arena? arena = null)
    {
        options ??= new TrainingStepOptions();
        var tracer = new Tracer(model, loss, image, target, options);
        int recomputed = tracer.BlocksToRecompute(image.Batch);
        _traced = tracer.Trace(image.Batch, recomputed);
        Forecast = tracer.Forecast(_traced, recomputed);
        _plan = new Plan(_traced.Program, device, model.Store,
            new PlanOptions { CheckNumerics = options.CheckNumerics }, arena);
    }

    /// <summary>Memory, known before the first run.</summary>
    public MemoryForecast Forecast { get; }

    /// <summary>The plan, for profiles.</summary>
    public Plan Plan => _plan;

    /// <summary>Parameters that get a gradient; the others are left alone by the optimizer.</summary>
    public IReadOnlyCollection<Parameter> Learned => _traced.Program.LearnedParameters;

    /// <summary>Runs one batch.</summary>
    /// <param name="image">Numbers of the image shape, row by row.</param>
    /// <param name="target">Numbers of the target shape.</param>
    /// <returns>The loss.</returns>
    public float Run(ReadOnlySpan<float> image, ReadOnlySpan<float> target, RunArguments arguments)
    {
        image.CopyTo(_plan[_traced.Image].AsSpan());
        target.CopyTo(_plan[_traced.Target].AsSpan());
        _plan.Run(arguments);
        return _plan[_traced.Loss].AsSpan()[0];
    }

    public void Dispose() => _plan.Dispose();

    sealed record Traced(Program Program, Value Image, Value Target, Value Loss);

    sealed class Tracer(SegmentationModel model, Func<IReadOnlyList<Value>, Value, Value> loss, Shape image,
        Shape target, TrainingStepOptions options)
    {
        readonly long _resident = options.ResidentBytes ?? Environment.WorkingSet;

        public Traced Trace(int batch, int recomputed)
        {
            var program = new Program(isTraining: true);
            Value x = program.Input("image", WithBatch(image, batch));
            Value y = program.Input("target", WithBatch(target, batch));
            Value l = program.Keep(loss(model.Outputs(x), y), "loss");
            Value? seed = options.LossScale == 1f ? null : Engine.Ops.Fill.Apply(program, l.Shape, options.LossScale);
            Gradients.Append(program, [(l, seed)], null, options.Accumulate, block => block < recomputed);
            return new Traced(program, x, y, l);
        }

        public MemoryForecast Forecast(Traced traced, int recomputed)
        {
            ParameterStore store = model.Store;
            long slots = 2 + options.OptimizerSlots;
            long storeBytes = Math.Max(0, (store.Size * sizeof(float) * slots) - store.Bytes);
            return new MemoryForecast(Plan.ForecastArenaBytes(traced.Program), storeBytes, _resident, recomputed);
        }

        /// <summary>The fewest first blocks whose recomputation fits the goal, or all where that fits the limit.</summary>
        public int BlocksToRecompute(int batch)
        {
            if (options.MemoryLimitBytes is not { } limit)
                return 0;
            long goal = Math.Min(limit, options.MemoryGoalBytes ?? limit);
            if (Bytes(batch, 0) <= goal)
                return 0;
            int blocks = Trace(batch, 0).Program.BlockCount;
            if (Bytes(batch, blocks) > limit)
                throw Refusal(batch, blocks, limit);
            return Smallest(1, blocks, k => Bytes(batch, k) <= goal);
        }

        long Bytes(int batch, int recomputed) => Forecast(Trace(batch, recomputed), recomputed).ProcessBytes;

        MemoryLimitException Refusal(int batch, int blocks, long limit)
        {
            int fitting = Smallest(1, batch, b => Needed(b) > limit) - 1;
            if (fitting > 0 && Needed(fitting) == 0)
                fitting = 0;
            string hint = fitting > 0 ? $"A batch of {fitting} fits." : Least();
            return new MemoryLimitException($"memory: a batch of {batch} needs "
                + $"{MemoryForecast.Format(Bytes(batch, blocks))} even when every block is recomputed, {options.MemoryLimitName} is "
                + $"{MemoryForecast.Format(limit)}. {hint}", fitting);

            string Least()
            {
                int least = Smallest(1, batch, b => Needed(b) > 0);
                MemoryForecast needs = Forecast(Trace(least, blocks), blocks);
                long fixedBytes = needs.ProcessBytes - needs.ArenaBytes;
                string smallest = $" batch of {least}, the smallest, needs {MemoryForecast.Format(needs.ProcessBytes)}";
                return fixedBytes < limit
                    ? $"A{smallest}: allow a little more, or take a smaller size or a narrower model."
                    : $"Program, weights and optimizer alone take {MemoryForecast.Format(fixedBytes)}, a{smallest}: "
                        + "allow a little more; a smaller size cannot help.";
            }

            // Small batches may be refused by a norm that needs more values than they have: these need nothing.
            long Needed(int b)
            {
                try
                {
                    return Bytes(b, blocks);
                }
                catch (ShapeException)
                {
                    return 0;
                }
            }
        }

        /// <summary>The least number in [low, high] for which the rule holds; it holds for high.</summary>
        static int Smallest(int low, int high, Func<int, bool> holds)
        {
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (holds(middle))
                    high = middle;
                else
                    low = middle + 1;
            }
            return low;
        }

        static Shape WithBatch(Shape shape, int batch) => new([batch, .. shape.Dims[1..]]);
    }
}
