using System.Text.Json;
using Krait.Engine;
using Krait.Engine.Devices;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Golden.Tests.Runners;
using Krait.Models;
using Krait.Training;

namespace Krait.Golden.Tests.Harness;

/// <summary>
/// A case as a program: traced by a runner, fed with the case's tensors, run once, and compared with all that the case
/// holds: outputs, features, loss, gradients, buffers.
/// </summary>
internal sealed class TracedCase : IDisposable
{
    readonly GoldenCase _case;
    readonly Device _device;
    readonly Comparison _comparison;
    readonly List<(string Name, Value Value, HostArray Data)> _inputs = [];
    readonly List<(string Name, Value Value)> _features = [];
    readonly List<(string Name, Value Value)> _resized = [];
    readonly bool _ownsStore;
    readonly IReadOnlyDictionary<string, string>? _repeats;
    Value[] _logits = [];
    Value[] _outputs = [];
    Value? _lossOnLogits;

    /// <summary>A whole network.</summary>
    public TracedCase(RunContext context, SegmentationModel model) : this(context, model.Store) =>
        _repeats = model.Repeats();

    /// <param name="store">The model's; null for a new one.</param>
    public TracedCase(RunContext context, ParameterStore? store = null)
    {
        (Store, _ownsStore) = (store ?? new ParameterStore(), store is null);
        (_case, _device, _comparison) = (context.Case, context.Device, context.Comparison);
        Program = new Program(_case.IsTraining);
        foreach (string feature in _case.NamesAfter("feat."))
            Program.Watched.Add(feature);
    }

    public Program Program { get; }
    public ParameterStore Store { get; }

    /// <summary>A tensor of the case as a value with the engine's order of axes,
    /// in another shape if one is given.</summary>
    public Value Input(string name = "input", Shape? shape = null)
    {
        HostArray data = _case.EngineTensor(name);
        Value value = Program.Input(name, shape ?? data.Shape);
        _inputs.Add((name, value, data));
        return value;
    }

    /// <summary>A class map [N, H, W] or [N, 1, H, W] as [N, H, W, 1].</summary>
    public Value Labels(string name)
    {
        HostArray data = _case.EngineTensor(name);
        bool planar = _case.LayoutOf(name).StartsWith("other:", StringComparison.Ordinal);
        return Input(name, planar ? new Shape([.. data.Dims, 1]) : data.Shape);
    }

    /// <summary>Numbers that are no tensor of the case.</summary>
    public Value Constant(string name, Shape shape, Func<int, float> number)
    {
        Value value = Program.Input(name, shape);
        _inputs.Add((name, value, new HostArray([.. shape.Dims],
            [.. Enumerable.Range(0, checked((int)shape.Count)).Select(number)])));
        return value;
    }

    /// <summary>A learned tensor under the file's name, as a value.</summary>
    public Value Weight(string name, Shape shape, int[]? permutation = null) =>
        Program.Parameter(Store.Declare(name, ParameterKind.Weight, shape, permutation, (_, _, v) => v.Clear()));

    /// <summary>A buffer under the file's name, as a value.</summary>
    public Value State(string name, Shape shape) =>
        Program.Parameter(Store.Declare(name, ParameterKind.State, shape, null, (_, _, v) => v.Clear()));

    /// <summary>The values of the features that the model does not show by itself.</summary>
    public void Feature(string name, Value value) => _features.Add((name, value));

    /// <summary>Adds loss and gradients, runs, compares.</summary>
    public void Check(params Value[] outputs)
    {
        _logits = outputs;
        _outputs = [.. outputs.Select(Wrap)];
        for (int i = 0; i < _outputs.Length; i++)
            Program.Keep(_outputs[i], $"output.{i}");
        (Value? loss, IReadOnlyList<(Value, Value?)> seeds) = Loss();
        Value[] wanted = [.. _inputs.Where(i => Gradient(i.Name) is not null).Select(i => i.Value)];
        IReadOnlyDictionary<Value, Value?> gradients = seeds.Count > 0
            ? Gradients.Append(Program, seeds, wanted)
            : new Dictionary<Value, Value?>();
        foreach (Value? gradient in gradients.Values)
            if (gradient is not null)
                Program.Keep(gradient, $"gradient of {gradient}");
        foreach ((string name, Value value) in _features)
            Program.Keep(value, name);
        _case.LoadWeights(Store, _repeats);
        using var plan = new Plan(Program, _device, Store);
        foreach ((_, Value value, HostArray data) in _inputs)
            Write(plan, value, data.Data);
        plan.Run();
        CompareOutputs(plan, loss);
        CompareFeatures(plan);
        foreach ((string name, Value value) in _resized)
            _comparison.Tensor($"{name} resized", ToFile(name, value.Shape, Read(plan, value)), _case.Tensor(name), 0);
        CompareInputGradients(plan, gradients);
        CompareParameterGradients();
        CompareBuffers();
    }

    public void Dispose()
    {
        if (_ownsStore)
            Store.Dispose();
    }

    public static void Write(Plan plan, Value value, ReadOnlySpan<float> data)
    {
        Rows rows = plan[value];
        for (long r = 0; r < rows.Count; r++)
            data.Slice(checked((int)(r * rows.Width)), rows.Width).CopyTo(rows.Row(r));
    }

    public static float[] Read(Plan plan, Value value)
    {
        Rows rows = plan[value];
        var data = new float[value.Shape.Count];
        for (long r = 0; r < rows.Count; r++)
            rows.Row(r).CopyTo(data.AsSpan(checked((int)(r * rows.Width)), rows.Width));
        return data;
    }

    Value Wrap(Value logits) => _case.Wrapper switch
    {
        "none" => logits,
        "sigmoid" => Activate.Apply(logits, Activation.Sigmoid),
        _ => throw new InvalidOperationException($"wrapper '{_case.Wrapper}' is unknown."),
    };

    (Value? Loss, IReadOnlyList<(Value, Value?)> Seeds) Loss()
    {
        if (!_case.Json.Has("loss_args"))
            return (null, []);
        JsonElement args = _case.Json.Part("loss_args");
        string kind = args.Text("kind");
        if (kind == "loss.cotangent_sum")
            return (null, [.. _case.Numbered("cotangent").Select((name, i) =>
                (_outputs[i], (Value?)Input(name, _outputs[i].Shape)))]);
        Value loss = Loss(kind, args, _outputs, args.Text("input_is") == "logits");
        Program.Keep(loss, "loss");
        if (_case.Wrapper == "sigmoid" && args.Text("input_is") == "probabilities")
            _lossOnLogits = Program.Keep(Loss(kind, args, _logits, true), "loss on logits");
        return (loss, [(loss, null)]);
    }

    /// <summary>The loss of all outputs with their targets and weights.</summary>
    Value Loss(string kind, JsonElement args, IReadOnlyList<Value> outputs, bool fromLogits)
    {
        IReadOnlyList<string> names = _case.Numbered("target");
        Value[] targets = [.. names.Select(n =>
            Existing(n) ?? (LossRunner.TakesLabels(kind) ? Labels(n) : Input(n)))];
        if (args.Has("target_resize"))
            Resize(args.Text("target_resize"), targets[0], outputs, names);
        double[] weights = args.Has("deep_supervision_weights") ? args.Reals("deep_supervision_weights") : [1];
        return DeepSupervision.Apply(outputs, targets, weights,
            (x, t) => LossRunner.Build(kind, args, x, t, fromLogits));
    }

    /// <summary>What training makes of the finest target must be the targets of the case.</summary>
    void Resize(string mode, Value finest, IReadOnlyList<Value> outputs, IReadOnlyList<string> names)
    {
        if (mode != "nearest")
            throw new NotSupportedException($"target_resize '{mode}' is unknown.");
        IReadOnlyList<Value> targets = DeepSupervision.Targets(finest, outputs);
        for (int i = 1; i < names.Count; i++)
            _resized.Add((names[i], Program.Keep(targets[i], $"resized {names[i]}")));
    }

    Value? Existing(string name) => _inputs.FirstOrDefault(i => i.Name == name).Value;

    void CompareOutputs(Plan plan, Value? loss)
    {
        IReadOnlyList<string> names = _case.Numbered("output");
        _comparison.Require(names.Count == _outputs.Length,
            $"outputs: the case has {names.Count}, the program {_outputs.Length}");
        double sum = 0;
        for (int i = 0; i < Math.Min(names.Count, _outputs.Length); i++)
        {
            HostArray expected = _case.Tensor(names[i]);
            float[] got = ToFile(names[i], _outputs[i].Shape, Read(plan, _outputs[i]));
            _comparison.Tensor(names[i], got, expected, _case.Tolerance.Real("output", 0));
            if (loss is null && _case.HasTensor("loss"))
                sum += Dot(got, _case.Tensor(names[i].Replace("output", "cotangent", StringComparison.Ordinal)).Data);
        }
        if (_case.HasTensor("loss"))
            _comparison.Number("loss", loss is null ? sum : Read(plan, loss)[0], _case.Tensor("loss").Data[0],
                _case.Tolerance.Real("loss_abs"));
        if (_lossOnLogits is not null)
            _comparison.Number("loss on logits", Read(plan, _lossOnLogits)[0], _case.Tensor("loss").Data[0],
                _case.Tolerance.Real("loss_abs"));
    }

    void CompareFeatures(Plan plan)
    {
        foreach (string feature in _case.NamesAfter("feat."))
        {
            Value? value = _features.FirstOrDefault(f => f.Name == feature).Value ?? Program.Find(feature);
            _comparison.Require(value is not null, $"feat.{feature}: the program does not show it");
            if (value is not null)
                _comparison.Tensor($"feat.{feature}", ToFile($"feat.{feature}", value.Shape, Read(plan, value)),
                    _case.Tensor($"feat.{feature}"), _case.Tolerance.Real("output"));
        }
    }

    void CompareInputGradients(Plan plan, IReadOnlyDictionary<Value, Value?> gradients)
    {
        foreach ((string name, Value value, HostArray data) in _inputs)
        {
            if (Gradient(name) is not { } tensor)
                continue;
            float[] got = gradients[value] is { } gradient
                ? ToFile(tensor, new Shape(data.Shape.Dims.AsSpan()), Read(plan, gradient))
                : new float[data.Data.Length];
            CompareGradient(tensor["grad.".Length..], got, _case.Tensor(tensor));
        }
    }

    void CompareParameterGradients()
    {
        var learned = Program.LearnedParameters.ToHashSet();
        foreach (Parameter p in Store.Weights)
        {
            bool whole = _case.HasTensor($"grad.{p.Name}"), sampled = _case.HasTensor($"gradsample.{p.Name}");
            if (!whole && !sampled)
                continue;
            if (!learned.Contains(p))
                _comparison.Fail($"grad.{p.Name}: the program yields no gradient for it.");
            else if (whole)
                CompareGradient(p.Name, Store.SaveGradient(p), _case.Tensor($"grad.{p.Name}"));
            else
                CompareSample(p, Store.SaveGradient(p));
        }
        foreach (string name in _case.NamesAfter("grad.").Concat(_case.NamesAfter("gradsample.")))
            _comparison.Require(Store.Find(name) is not null || _inputs.Any(i => i.Name == name),
                $"grad.{name}: the program has no input or parameter of this name");
        foreach (string name in _case.Json.Texts("params_without_grad"))
            _comparison.Require(Store.Find(name) is { } p && !learned.Contains(p),
                $"{name}: takes no part in the output, so it must have no gradient");
    }

    void CompareGradient(string name, float[] got, HostArray expected)
    {
        if (_case.Json.Texts("params_with_exactly_zero_grad").Contains(name))
            _comparison.Vanishes($"grad.{name}", got,
                _case.Tolerance.Real("exact_zero_grad_rel_to_largest") * LargestGradient());
        else
            _comparison.Tensor($"grad.{name}", got, expected, GradientTolerance(name));
    }

    void CompareSample(Parameter p, float[] got)
    {
        var sampled = _case.Json.Part("sampled_gradients").Part(p.Name);
        int stride = sampled.Whole("stride");
        float[] sample = [.. Enumerable.Range(0, (got.Length + stride - 1) / stride).Select(i => got[i * stride])];
        double tolerance = GradientTolerance(p.Name), l2 = sampled.Real("l2");
        _comparison.Tensor($"gradsample.{p.Name}", sample, _case.Tensor($"gradsample.{p.Name}"), tolerance);
        _comparison.Number($"gradsample.{p.Name} l2", Math.Sqrt(Dot(got, got)), l2, tolerance * l2);
        // |sum(a - b)| <= sqrt(n) ||a - b||, by Cauchy and Schwarz.
        _comparison.Number($"gradsample.{p.Name} sum", got.Sum(x => (double)x), sampled.Real("sum"),
            tolerance * l2 * Math.Sqrt(got.Length));
    }

    void CompareBuffers()
    {
        foreach (string name in _case.NamesAfter("after."))
            if (Store.Find(name) is { } p)
                _comparison.Tensor($"after.{name}", Store.Save(p), _case.Tensor($"after.{name}"),
                    _case.Tolerance.Real("output"));
            else
                _comparison.Fail($"after.{name}: the model has no such buffer");
    }

    /// <summary>The tensor that holds the gradient of an input; null when the case has none.</summary>
    string? Gradient(string input) => _case.HasTensor($"grad.{input}") ? $"grad.{input}" : null;

    double GradientTolerance(string name)
    {
        var tolerance = _case.Tolerance;
        return tolerance.Has("grad_overrides") && tolerance.Part("grad_overrides").Has(name)
            ? tolerance.Part("grad_overrides").Real(name)
            : tolerance.Real("grad");
    }

    double LargestGradient() => _case.Io.Tensors
        .Where(t => t.Name.StartsWith("grad", StringComparison.Ordinal))
        .Max(t => t.ElementCount == 0 ? 0 : t.ToFloat32().Max(Math.Abs));

    /// <summary>From the engine's order of axes to the file's.</summary>
    float[] ToFile(string tensor, Shape shape, float[] data)
    {
        int[]? axes = Layout.ToFile(_case.LayoutOf(tensor));
        if (axes is null)
            return data;
        HostArray file = _case.Tensor(tensor);
        int[] engine = [.. Layout.ToEngine(_case.LayoutOf(tensor))!.Select(a => file.Dims[a])];
        if (data.Length != file.Data.Length)
            throw new InvalidOperationException($"{tensor}: [{string.Join(", ", file.Dims)}] there, {shape} here.");
        return new HostArray(engine, data).Permute(axes).Data;
    }

    static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += (double)a[i] * b[i];
        return sum;
    }
}
