using System.Globalization;
using System.Text.Json.Nodes;
using Krait.Engine;
using Krait.Engine.Ops;
using Krait.Engine.Programs;
using Krait.Models;

namespace Krait.Cli.Inspection;

/// <summary>Multiply-adds of an op by class, by the published counting rule.</summary>
/// <param name="Linear">Linear layers.</param>
/// <param name="Conv">Convolutions of all kinds.</param>
/// <param name="Einsum">The two projections inside SS2D.</param>
/// <param name="Matmul">Products inside the 1-D Mamba block and of attention.</param>
/// <param name="Scan">Selective scans: 9 B L D N + B L D.</param>
readonly record struct MacsByClass(long Linear, long Conv, long Einsum, long Matmul, long Scan)
{
    public long Total => Linear + Conv + Einsum + Matmul + Scan;

    /// <summary>The classes by the names that people read.</summary>
    public IReadOnlyList<(string Name, long Count)> Parts =>
    [
        ("linear", Linear), ("convolution", Conv), ("SS2D projections", Einsum),
        ("1-D Mamba products, attention", Matmul), ("scan (9 B L D N + B L D)", Scan),
    ];

    public static MacsByClass operator +(MacsByClass a, MacsByClass b) => new(
        a.Linear + b.Linear, a.Conv + b.Conv, a.Einsum + b.Einsum, a.Matmul + b.Matmul, a.Scan + b.Scan);

    public static MacsByClass Of(Op op)
    {
        Cost cost = op.Cost;
        return cost.Kind switch
        {
            CostKind.Linear => new(cost.Macs, 0, 0, 0, 0),
            CostKind.Conv => new(0, cost.Macs, 0, 0, 0),
            CostKind.Einsum => new(0, 0, cost.Macs, 0, 0),
            CostKind.Matmul => new(0, 0, 0, cost.Macs, 0),
            CostKind.Scan when op is Ss2d => new(0, 0, cost.ProductMacs, 0, cost.Macs - cost.ProductMacs),
            CostKind.Scan => new(0, 0, 0, cost.ProductMacs, cost.Macs - cost.ProductMacs),
            _ => default,
        };
    }
}

/// <summary>One layer of a model, or several below one path.</summary>
sealed record LayerFacts(string Path, string Kinds, string Output, long Parameters, MacsByClass Macs, long Exps);

/// <summary>
/// What a model costs at one input size, counted on the whole program as published, values that nothing needs included.
/// </summary>
sealed record ModelFacts
{
    public required string Model { get; init; }
    public required Shape Input { get; init; }
    public required Shape Output { get; init; }
    public required long Parameters { get; init; }
    public required MacsByClass Macs { get; init; }

    /// <summary>Multiply-adds of what a prediction executes: dead values are left out.</summary>
    public required MacsByClass ExecutedMacs { get; init; }

    public required long Exps { get; init; }
    public required long WeightBytes { get; init; }

    /// <summary>Activations of a prediction, exactly.</summary>
    public required long ArenaBytes { get; init; }

    public required IReadOnlyList<LayerFacts> Layers { get; init; }

    /// <summary>The reference.</summary>
    public required string Paper { get; init; }

    /// <summary>Stochastic-depth rate of each block, by path.</summary>
    public required IReadOnlyDictionary<string, float> DropPathRates { get; init; }

    /// <summary>"0 to 0.2 over 15 blocks"; "none" where the network has none.</summary>
    public string StochasticDepth => DropPathRates.Count == 0 ? "none" : string.Create(CultureInfo.InvariantCulture,
        $"{DropPathRates.Values.Min():0.###} to {DropPathRates.Values.Max():0.###} over {DropPathRates.Count} blocks");

    /// <summary>Counts a model.</summary>
    /// <param name="depth">Path segments by which layers are gathered.</param>
    public static ModelFacts Of(SegmentationModel model, Shape input, int depth)
    {
        var program = new Program(isTraining: false);
        Value logits = program.Keep(model.Forward(program.Input("image", input)), "logits");
        IReadOnlySet<Op> live = Live(program);
        return new ModelFacts
        {
            Model = model.Id,
            Input = input,
            Output = logits.Shape,
            Parameters = model.Store.WeightCount,
            Macs = Sum(program.Ops),
            ExecutedMacs = Sum(program.Ops.Where(live.Contains)),
            Exps = program.Ops.Sum(o => o.Cost.Exps),
            WeightBytes = model.Store.Size * sizeof(float),
            ArenaBytes = Plan.ForecastArenaBytes(program, new PlanOptions { HoistConstants = true }),
            Layers = [.. LayersOf(model, program, depth)],
            Paper = ModelRegistry.Find(model.Id).Paper,
            DropPathRates = model.DropPathRates,
        };
    }

    public JsonObject ToJson() => new()
    {
        ["model"] = Model,
        ["paper"] = Paper,
        ["input"] = Dims(Input),
        ["output"] = Dims(Output),
        ["parameters"] = Parameters,
        ["macs"] = Macs.Total,
        ["macs_without_scan"] = Macs.Total - Macs.Scan,
        ["macs_by_class"] = ByClass(Macs),
        ["drop_path_rates"] = new JsonObject(
            DropPathRates.Select(r => KeyValuePair.Create(r.Key, (JsonNode?)JsonValue.Create(r.Value)))),
        ["macs_executed"] = ExecutedMacs.Total,
        ["exps"] = Exps,
        ["memory"] = new JsonObject
        {
            ["weights_bytes"] = WeightBytes,
            ["arena_bytes"] = ArenaBytes,
        },
        ["layers"] = new JsonArray([.. Layers.Select(l => (JsonNode)new JsonObject
        {
            ["path"] = l.Path,
            ["ops"] = l.Kinds,
            ["output"] = l.Output,
            ["parameters"] = l.Parameters,
            ["macs"] = l.Macs.Total,
            ["macs_by_class"] = ByClass(l.Macs),
            ["exps"] = l.Exps,
        })]),
    };

    internal static JsonObject ByClass(MacsByClass m) => new()
    {
        ["linear"] = m.Linear,
        ["conv"] = m.Conv,
        ["einsum"] = m.Einsum,
        ["matmul"] = m.Matmul,
        ["scan"] = m.Scan,
    };

    static JsonArray Dims(Shape shape) => new([.. shape.Dims.Select(d => (JsonNode)d)]);

    static MacsByClass Sum(IEnumerable<Op> ops) =>
        ops.Aggregate(default(MacsByClass), (sum, op) => sum + MacsByClass.Of(op));

    static IReadOnlySet<Op> Live(Program program)
    {
        var live = new HashSet<Op>();
        var open = new Stack<Value>(program.Kept);
        while (open.TryPop(out Value? value))
            if (value.Producer is { } op && live.Add(op))
                foreach (Value? input in op.Inputs)
                    if (input is not null)
                        open.Push(input);
        return live;
    }

    static IEnumerable<LayerFacts> LayersOf(SegmentationModel model, Program program, int depth)
    {
        var order = new List<string>();
        var ops = new Dictionary<string, List<Op>>();
        foreach (Op op in program.Ops)
        {
            string path = Cut(op.Path, depth);
            if (!ops.TryGetValue(path, out List<Op>? list))
            {
                ops[path] = list = [];
                order.Add(path);
            }
            list.Add(op);
        }
        ILookup<string, Parameter> owned = model.Store.Weights
            .ToLookup(p => order.Where(path => IsBelow(p.Name, path)).MaxBy(path => path.Length) ?? "");
        foreach (string path in owned.Select(g => g.Key).Where(k => !ops.ContainsKey(k)))
            yield return new LayerFacts(path, "", "", owned[path].Sum(p => p.Shape.Count), default, 0);
        foreach (string path in order)
            yield return new LayerFacts(
                path.Length == 0 ? "(model)" : path,
                Kinds(ops[path]),
                ops[path][^1].Outputs[0].Shape.ToString(),
                owned[path].Sum(p => p.Shape.Count),
                Sum(ops[path]),
                ops[path].Sum(o => o.Cost.Exps));
    }

    static string Kinds(List<Op> ops) => string.Join(", ", ops.Where(o => o.Cost.Kind != CostKind.Layout)
        .GroupBy(o => o.Name).Select(g => g.Count() == 1 ? g.Key : $"{g.Count()} {g.Key}").Take(5));

    static string Cut(string path, int depth) => string.Join('.', path.Split('.').Take(depth));

    static bool IsBelow(string name, string path) => path.Length == 0
        || (name.StartsWith(path, StringComparison.Ordinal)
            && (name.Length == path.Length || name[path.Length] == '.'));
}
