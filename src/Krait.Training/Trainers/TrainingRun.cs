using System.Diagnostics;
using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Optimizers;
using Krait.Engine.Programs;
using Krait.Imaging;
using Krait.Training.Config;
using Krait.Training.Data;
using Krait.Training.Execution;
using Krait.Training.Runs;
using Krait.Training.Schedules;

namespace Krait.Training;

/// <summary>One run of <see cref="Trainer"/>: owns model, plans, loaders and files.</summary>
internal sealed class TrainingRun : IDisposable
{
    private readonly TrainConfig config;
    private readonly Dataset data;
    private readonly Splits splits;
    private readonly ImageReadOptions read;
    private readonly IProgress<TrainProgress>? progress;
    private readonly TrainingData samples;
    private readonly BatchLoader trainLoader;
    private readonly Device device;
    private readonly TrainedModel model;
    private readonly Predictor predictor;
    private readonly Arena arena = new();
    private readonly Func<TrainingStepOptions, TrainingStep> plan;
    private readonly TrainingStepOptions options;
    private readonly MemoryForecast memory;
    private readonly StagedFreezing freezing;
    private readonly Optimizer optimizer;
    private readonly LearningRateSchedule schedule;
    private readonly int batchesPerEpoch;
    private TrainingStep firstStep;
    private TrainingStep? addingStep;
    private RunFolder folder = null!;
    private RunLogs logs = null!;
    private string note = "";
    private TrainerState state = new();
    private bool holdsBestWeights;

    public TrainingRun(TrainConfig config, Dataset data, Splits splits, ImageReadOptions read,
        IProgress<TrainProgress>? progress)
    {
        (this.config, this.data, this.splits, this.read, this.progress) = (config, data, splits, read, progress);
        var p = config.Preprocessing;
        samples = new TrainingData(config, data, splits, read);
        trainLoader = samples.TrainLoader;
        batchesPerEpoch = trainLoader.BatchCount / config.Accumulation * config.Accumulation;
        if (batchesPerEpoch == 0)
            throw new ConfigException($"accumulation: {config.Accumulation} batches of {trainLoader.BatchSize} need " +
                $"more than {splits.Train.Count} training pictures. Lower accumulation or batch.");
        device = CpuDevice.Create(config.Threads);
        model = TrainedModel.Create(config.Model, p, data.Classes, config.Seed, data.Regions);
        var loss = ConfiguredLoss.Of(config.Loss, model.Outputs, TargetCoding.Of(data));
        predictor = new Predictor(model, device, arena);
        // Beside the plans: samples, packed weights of the validation plan, and what the runtime takes on for compiled
        // code, decoded pictures and overlays (measured on small runs).
        long beside = (62L << 20) + samples.ForecastBytes + model.Network.Store.Size * sizeof(float);
        optimizer = TrainingParts.Optimizer(config.Optimizer, device, model.Network.Store);
        var machine = MachineMemory.Now();
        options = new TrainingStepOptions
        {
            MemoryLimitBytes = config.MemoryLimit ?? machine.ProcessLimit,
            MemoryGoalBytes = config.MemoryLimit ?? machine.ProcessGoal,
            MemoryLimitName = config.MemoryLimit is null ? "what this machine has free" : "the limit",
            ResidentBytes = Environment.WorkingSet + beside,
            OptimizerSlots = optimizer.Slots,
            CheckNumerics = config.CheckNumerics,
            LossScale = 1f / config.Accumulation,
        };
        var image = p.InputShape(trainLoader.BatchSize, p.Channels);
        var target = p.InputShape(trainLoader.BatchSize, 1);
        plan = o => new TrainingStep(model.Network, device, loss, image, target, o, arena);
        // All parameters learning takes most memory, so this is what is forecast and has to fit from the start.
        (firstStep, addingStep) = Steps();
        memory = firstStep.Forecast;
        freezing = new StagedFreezing(config.Freeze, model.Network.Store);
        schedule = config.Schedule.Build(config.Optimizer.LearningRate, config.Epochs);
    }

    /// <summary>Begins in a new folder.</summary>
    public void Start(RunFolder where, string command)
    {
        folder = where;
        state = new TrainerState { Seed = config.Seed };
        EnterStage();
        folder.WriteStart(config, command, RunEnvironment.ToJson(config.Seed, device.Threads, device.Description),
            RunReport.DatasetJson(data, splits), splits);
        RunFile.WriteText(folder.Fingerprint, DataFingerprint.Of(splits).ToJson() + "\n");
        logs = new RunLogs(folder, 0, null);
        note = RunReport.Note(data, splits, model);
    }

    /// <summary>Goes on from the last checkpoint of a folder.</summary>
    public void Resume(RunFolder where)
    {
        folder = where;
        state = TrainerState.Load(folder.State, model.Network.Store, optimizer, firstStep.Learned);
        if (state.Seed != config.Seed)
            throw new ConfigException($"seed: cannot change on resume; the run has {state.Seed}, got {config.Seed}.");
        EnterStage();
        RunFile.WriteText(folder.Config, config.ToYaml());
        folder.MarkUnfinished();
        logs = new RunLogs(folder, state.Epoch, state.Step);
        note = FormattableString.Invariant($"resume epoch {state.Epoch + 1}, batch {state.Batch + 1}\n")
            + RunReport.Note(data, splits, model) + RunReport.ChangedData(folder, splits);
    }

    /// <summary>Trains to the end or until cancelled.</summary>
    public TrainResult Go(CancellationToken cancel)
    {
        try
        {
            logs.Text.Add($"{note}\nmemory process about {MemoryForecast.Format(memory.ProcessBytes)}");
            Report(TrainPhase.Start, 0, 0, p => p with { Memory = memory, Note = note });
            bool stopped = IsStalled;
            while (state.Epoch < config.Epochs && !stopped)
            {
                if (!TrainEpoch(cancel) || !FinishEpoch(cancel)) return Interrupted();
                stopped = IsStalled;
            }
            return Finish(stopped, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return Interrupted();
        }
        catch (Exception e)
        {
            TryMarkFailed(e.Message);
            throw;
        }
    }

    public void Dispose()
    {
        logs?.Dispose();
        firstStep.Dispose();
        addingStep?.Dispose();
        predictor.Dispose();
        arena.Dispose();
        model.Dispose();
        device.Dispose();
    }

    private bool IsStalled => config.EarlyStop > 0 && state.Epoch - state.BestEpoch >= config.EarlyStop;

    private double Rate => schedule.RateAt(state.Epoch, state.Scores.ToArray());

    private (TrainingStep First, TrainingStep? Adding) Steps() =>
        (plan(options), config.Accumulation == 1 ? null : plan(options with { Accumulate = true }));

    /// <summary>Plans anew where the set of learning parameters changes with this epoch.</summary>
    private void EnterStage()
    {
        if (!freezing.Enter(state.Epoch)) return;
        firstStep.Dispose();
        addingStep?.Dispose();
        (firstStep, addingStep) = Steps();
    }

    /// <summary>The batches of the current epoch that are left; false if cancelled between two steps.</summary>
    private bool TrainEpoch(CancellationToken cancel)
    {
        EnterStage();
        double rate = Rate, secondsBefore = state.EpochSeconds;
        int startBatch = state.Batch, micro = 0;
        double pending = 0;
        var watch = Stopwatch.StartNew();
        foreach (var batch in trainLoader.Epoch(state.Epoch, startBatch))
        {
            if (state.Batch >= batchesPerEpoch) break;
            if (micro == 0 && cancel.IsCancellationRequested) return false;
            var step = micro == 0 ? firstStep : addingStep!;
            float loss = step.Run(batch.Image, batch.Target,
                new RunArguments(config.Seed, state.Step, micro * trainLoader.BatchSize));
            RequireFinite(loss);
            pending += loss;
            if (++micro < config.Accumulation) continue;
            double norm = config.Optimizer.ClipNorm > 0
                ? GradientClip.ByNorm(device, model.Network.Store, firstStep.Learned, config.Optimizer.ClipNorm)
                : double.NaN;
            optimizer.Step(firstStep.Learned, rate);
            state = state with
            {
                Batch = state.Batch + micro,
                Step = state.Step + 1,
                LossSum = state.LossSum + pending,
                EpochSeconds = secondsBefore + watch.Elapsed.TotalSeconds,
            };
            logs.Step(state.Step, state.Epoch + 1, state.Seconds + state.EpochSeconds, pending / micro, rate, norm);
            (micro, pending) = (0, 0);
            double speed = (state.Batch - startBatch) * trainLoader.BatchSize / watch.Elapsed.TotalSeconds;
            Report(TrainPhase.Train, state.Batch, batchesPerEpoch,
                p => p with { Loss = state.LossSum / state.Batch, LearningRate = rate, PicturesPerSecond = speed });
        }
        return true;
    }

    /// <summary>Validates, logs, keeps the best weights, saves; false if cancelled.</summary>
    private bool FinishEpoch(CancellationToken cancel)
    {
        double trainSeconds = state.EpochSeconds, rate = Rate;
        var watch = Stopwatch.StartNew();
        var scores = samples.Validation.Run(predictor,
            done => Report(TrainPhase.Validate, done, splits.Val.Count, p => p), cancel);
        if (scores is null) return false;
        int epoch = state.Epoch + 1;
        bool best = scores.Score > state.BestScore;
        if (best) model.Save(folder.BestWeights);
        double seconds = trainSeconds + watch.Elapsed.TotalSeconds;
        var metrics = new EpochMetrics(epoch, rate, state.LossSum / batchesPerEpoch, scores.CrossEntropy, scores.Score,
            scores.Dice.Median, scores.Pooled.Dice, scores.Pooled.MeanIoU, scores.Pooled.Accuracy,
            scores.Pooled.Sensitivity, scores.Pooled.Specificity, seconds,
            batchesPerEpoch * trainLoader.BatchSize / Math.Max(1e-9, trainSeconds), best);
        state = state with
        {
            Epoch = epoch,
            Batch = 0,
            LossSum = 0,
            EpochSeconds = 0,
            Seconds = state.Seconds + seconds,
            Scores = [.. state.Scores, scores.Score],
            BestEpoch = best ? epoch : state.BestEpoch,
            BestScore = best ? scores.Score : state.BestScore,
        };
        logs.Epoch(metrics, state.Step, state.Seconds);
        SaveState();
        bool draws = config.SampleEvery > 0 && (epoch % config.SampleEvery == 0 || epoch == config.Epochs);
        RunCurves.Write(folder.Root, logs.Table, state.BestEpoch, asPicture: draws);
        if (draws) samples.DrawSamples(predictor, folder.Samples(epoch));
        Report(TrainPhase.Validate, splits.Val.Count, splits.Val.Count,
            p => p with { Epoch = epoch, Completed = metrics });
        return true;
    }

    private TrainResult Finish(bool stoppedEarly, CancellationToken cancel)
    {
        holdsBestWeights = true;
        if (File.Exists(folder.BestWeights)) model.Reload(folder.BestWeights);
        int total = splits.Val.Count + splits.Test.Count;
        string report = RunReport.Write(folder, config, data, splits, state, predictor, read, stoppedEarly,
            done => Report(TrainPhase.Evaluate, done, total, p => p), cancel);
        RunCurves.Write(folder.Root, logs.Table, state.BestEpoch, asPicture: true);
        folder.MarkDone(report);
        logs.Text.Add("done: " + report);
        return Result(interrupted: false, stoppedEarly);
    }

    private TrainResult Interrupted()
    {
        // During the last evaluation the checkpoint of the last epoch is on disk already.
        if (!holdsBestWeights) SaveState();
        logs.Text.Add(FormattableString.Invariant($"interrupted in epoch {state.Epoch + 1} after batch {state.Batch}"));
        return Result(interrupted: true, stoppedEarly: false);
    }

    private void TryMarkFailed(string reason)
    {
        try
        {
            folder.MarkFailed(reason);
            logs.Text.Add("failed: " + reason);
        }
        catch (IOException)
        {
            // A full disk is most likely the very failure that is being reported.
        }
    }

    private void SaveState()
    {
        model.Save(folder.LastWeights);
        state.Save(folder.State, model.Network.Store, optimizer);
    }

    private TrainResult Result(bool interrupted, bool stoppedEarly) => new(folder.Root, state.Epoch, state.BestEpoch,
        state.BestEpoch > 0 ? state.BestScore : double.NaN, interrupted, stoppedEarly,
        state.Seconds + state.EpochSeconds);

    private void RequireFinite(float loss)
    {
        if (!float.IsFinite(loss))
            throw new NumericException($"training: the loss must be a number; got {loss} in epoch {state.Epoch + 1}, " +
                $"step {state.Step + 1}. Lower optimizer.lr, set optimizer.clip_norm, or run with check_numerics to " +
                "see the layer.");
    }

    private void Report(TrainPhase phase, int done, int total, Func<TrainProgress, TrainProgress> more) =>
        progress?.Report(more(new TrainProgress
        {
            Phase = phase,
            RunFolder = folder.Root,
            Epoch = Math.Min(state.Epoch + 1, config.Epochs),
            Epochs = config.Epochs,
            Done = done,
            Total = total,
        }));
}
