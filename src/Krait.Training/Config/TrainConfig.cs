using Krait.Training.Data;

namespace Krait.Training.Config;

/// <summary>
/// Everything that decides a training run. Defaults, then the YAML file, then <c>--set</c> overrides end in one such
/// record; written back as YAML and read again it is the same.
/// </summary>
public sealed record TrainConfig
{
    public ModelConfig Model { get; init; } = new();
    public DataConfig Data { get; init; } = new();
    public Preprocessing Preprocessing { get; init; } = new();
    public AugmentationOptions Augmentation { get; init; } = new();
    public LossConfig Loss { get; init; } = new();
    public OptimizerConfig Optimizer { get; init; } = new();
    public ScheduleConfig Schedule { get; init; } = new();
    public FreezeConfig Freeze { get; init; } = new();

    public int Epochs { get; init; } = 100;
    public int Batch { get; init; } = 8;

    /// <summary>Batches whose gradients are added up before a step.</summary>
    public int Accumulation { get; init; } = 1;

    public ulong Seed { get; init; } = 42;

    /// <summary>Threads; 0 for one a core.</summary>
    public int Threads { get; init; }

    /// <summary>Epochs without a better validation score after which training ends; 0 never.</summary>
    public int EarlyStop { get; init; }

    /// <summary>Upper bound of the memory of the process; null: what the machine has free when the run starts.</summary>
    public long? MemoryLimit { get; init; }

    /// <summary>Stop at the first NaN or infinity and name its layer.</summary>
    public bool CheckNumerics { get; init; }

    /// <summary>Epochs between sample overlays; 0 for none.</summary>
    public int SampleEvery { get; init; } = 10;

    /// <summary>Folder in which run folders are made.</summary>
    public string Runs { get; init; } = "runs";

    /// <summary>Name of the run folder; null makes one of time, model and data.</summary>
    public string? Name { get; init; }

    /// <summary>All keys.</summary>
    public static ConfigSection<TrainConfig> Section { get; } = new ConfigSection<TrainConfig>()
        .Nested("model", "the network", c => c.Model, (c, v) => c with { Model = v }, ModelConfig.Section)
        .Nested("data", "pictures and masks", c => c.Data, (c, v) => c with { Data = v }, DataConfig.Section)
        .Nested("preprocessing", "what is done to a picture", c => c.Preprocessing,
            (c, v) => c with { Preprocessing = v }, Preprocessing.Section)
        .Nested("augmentation", "what may happen to a training sample", c => c.Augmentation,
            (c, v) => c with { Augmentation = v }, AugmentationOptions.Section)
        .Nested("loss", "what is minimised", c => c.Loss, (c, v) => c with { Loss = v }, LossConfig.Section)
        .Nested("optimizer", "how", c => c.Optimizer, (c, v) => c with { Optimizer = v }, OptimizerConfig.Section)
        .Nested("schedule", "learning rate over time", c => c.Schedule, (c, v) => c with { Schedule = v },
            ScheduleConfig.Section)
        .Nested("freeze", "what learns later", c => c.Freeze, (c, v) => c with { Freeze = v }, FreezeConfig.Section)
        .Whole("epochs", "passes over the training pictures", c => c.Epochs, (c, v) => c with { Epochs = v }, 1)
        .Whole("batch", "pictures a step", c => c.Batch, (c, v) => c with { Batch = v }, 1)
        .Whole("accumulation", "batches a step of the optimizer", c => c.Accumulation,
            (c, v) => c with { Accumulation = v }, 1)
        .Seed("seed", "names all random draws", c => c.Seed, (c, v) => c with { Seed = v })
        .Whole("threads", "0 for one a core", c => c.Threads, (c, v) => c with { Threads = v })
        .Whole("early_stop", "epochs without a better validation score, 0 never", c => c.EarlyStop,
            (c, v) => c with { EarlyStop = v })
        .Bytes("memory_limit", "bound of the memory of the process, such as 2GiB; null for what the machine has free", c => c.MemoryLimit,
            (c, v) => c with { MemoryLimit = v })
        .Switch("check_numerics", "stop at the first NaN and name its layer", c => c.CheckNumerics,
            (c, v) => c with { CheckNumerics = v })
        .Whole("sample_every", "epochs between sample overlays, 0 for none", c => c.SampleEvery,
            (c, v) => c with { SampleEvery = v })
        .Text("runs", "folder of the run folders", c => c.Runs, (c, v) => c with { Runs = v ?? "runs" })
        .Text("name", "name of the run folder", c => c.Name, (c, v) => c with { Name = v });

    /// <summary>Defaults, overlaid by YAML text, overlaid by settings such as ("optimizer.lr", "1e-4").</summary>
    /// <param name="yaml">Text of the file, or null for none.</param>
    /// <param name="source">Name of the file for messages.</param>
    /// <param name="overrides">Settings; a value is read as YAML, so "[1, 2]" is a list.</param>
    /// <exception cref="ConfigException">For unknown keys, wrong values and text that is no YAML.</exception>
    public static TrainConfig Resolve(string? yaml, string source = "config",
        IEnumerable<KeyValuePair<string, string>>? overrides = null)
    {
        List<ConfigNode> layers = yaml is null ? [] : [ConfigNode.Parse(yaml, source)];
        layers.AddRange((overrides ?? []).Select(o => Setting(o.Key, o.Value)));
        TrainConfig Over(TrainConfig defaults) => layers.Aggregate(defaults, Section.Overlay);
        var config = Over(new TrainConfig());
        return (config.Preprocessing.IsVolume ? Over(ForVolumes) : config).Checked();
    }

    /// <summary>Defaults where a patch is set, so where the data are volumes.</summary>
    public static TrainConfig ForVolumes { get; } = new()
    {
        Preprocessing = new Preprocessing { Channels = 1, Normalization = Normalization.Standardize },
        Augmentation = new AugmentationOptions
        {
            RotateProbability = 0.2,
            RotateDegrees = 30,
            ScaleProbability = 0.2,
            Brightness = 0.1,
            Contrast = 0.25,
        },
        Batch = 2,
    };

    /// <summary>Reads a file and overlays settings.</summary>
    public static TrainConfig Load(string path, IEnumerable<KeyValuePair<string, string>>? overrides = null)
    {
        if (!File.Exists(path)) throw new ConfigException($"{path}: no such configuration file.");
        return Resolve(File.ReadAllText(path), Path.GetFileName(path), overrides);
    }

    /// <summary>The whole configuration, every key.</summary>
    public string ToYaml() => ConfigText.Write(Section.Write(this));

    /// <summary>"a.b.c" = value as nested maps.</summary>
    internal static ConfigNode Setting(string key, string value)
    {
        string[] parts = key.Split('.');
        if (parts.Any(p => p.Length == 0))
            throw new ConfigException($"--set {key}={value}: a key such as optimizer.lr is needed.");
        var node = Rebase(ConfigNode.Parse(value, "--set"), key);
        for (int i = parts.Length - 1; i >= 0; i--)
            node = new ConfigMap(string.Join('.', parts[..i]), "--set", [new(parts[i], node)]);
        return node;
    }

    private static ConfigNode Rebase(ConfigNode node, string path) => node switch
    {
        ConfigScalar s => s with { Path = path, Place = "--set" },
        ConfigList l => new ConfigList(path, "--set", [.. l.Items.Select((x, i) => Rebase(x, $"{path}[{i}]"))]),
        ConfigMap { Entries.Count: 0 } => new ConfigScalar(path, "--set", null),
        ConfigMap m => new ConfigMap(path, "--set", [.. m.Entries.Select(e =>
            KeyValuePair.Create(e.Key, Rebase(e.Value, ConfigNode.Join(path, e.Key))))]),
        _ => node,
    };

    private TrainConfig Checked()
    {
        if (Data.ValidationFraction + Data.TestFraction >= 1)
            throw new ConfigException("data.val_fraction + data.test_fraction must leave pictures for training; got " +
                FormattableString.Invariant($"{Data.ValidationFraction} + {Data.TestFraction}."));
        if (Optimizer is { Nesterov: true, Momentum: 0 })
            throw new ConfigException("optimizer.nesterov needs optimizer.momentum above 0; got 0.");
        if (!Preprocessing.IsVolume && Preprocessing.Channels is not (1 or 3))
            throw new ConfigException($"preprocessing.channels: pictures have 1 (grey) or 3 (colour); got " +
                $"{Preprocessing.Channels}.");
        if (!Preprocessing.IsVolume && Preprocessing.Normalization == Normalization.Ct)
            throw new ConfigException("preprocessing.normalize: ct is for volumes; set preprocessing.patch, or take " +
                "another.");
        if (Preprocessing.IsVolume && Preprocessing.Normalization is Normalization.Unit or Normalization.ImageNet)
            throw new ConfigException("preprocessing.normalize: volumes take standardize, ct, minmax255 or none; got " +
                $"{Preprocessing.Normalization.ToString().ToLowerInvariant()}.");
        if (Preprocessing.Slices is not null && (!Preprocessing.IsVolume || Preprocessing.Spacing is not null))
            throw new ConfigException("preprocessing.slices: is for volumes, and in place of preprocessing.spacing; " +
                "set preprocessing.patch and leave spacing out.");
        return this;
    }
}
