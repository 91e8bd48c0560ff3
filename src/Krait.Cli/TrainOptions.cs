using System.CommandLine;
using System.Globalization;

namespace Krait.Cli;

/// <summary>
/// Flags of training. Each is a key of the configuration, so that flags, <c>--set</c> and a YAML file end in the same
/// resolved record; what the user does not give is not set.
/// </summary>
static class TrainOptions
{
    public static readonly Option<string?> Data = new("--data", "-d")
    {
        Description = "Data folder: {train,val,test}/{images,masks}, images and masks, or imagesTr and labelsTr.",
        HelpName = "folder",
    };

    public static readonly Option<string[]> Set = new("--set")
    {
        Description = "Any key of the configuration, such as optimizer.lr=1e-4.",
        HelpName = "key=value",
    };

    public static readonly Option<PictureSize?> Size = PictureSize.Option("Size the network is fed with [256].");

    static readonly Option<string?> Patch =
        Word("--patch", "Volumes: slices, rows, columns the network is fed with: 32x48x32; 1x256x256 for 2-D.",
            "DxHxW");

    static readonly Option<string?> Spacing =
        Word("--spacing", "Volumes: voxel size in mm to bring all to, such as 3x1x1 [each its own].", "DxHxW");

    static readonly Option<bool> AllowPartial =
        new("--allow-partial") { Description = "Start although the weights do not cover the model." };

    static readonly Option<bool> CheckNumerics =
        new("--check-numerics") { Description = "Stop at the first layer that yields NaN or infinity and name it." };

    /// <summary>Flags with a value: the key they stand for, and the flag.</summary>
    static readonly (string Key, Option<string?> Flag)[] Values =
    [
        ("model.id", Word("--model", "Model, see krait models [vmunetv2].", "id", "-m")),
        ("model.weights", Word("--weights", "Weights to start from (.safetensors, .pth, .pt).", "file")),
        ("epochs", Word("--epochs", "Passes over the training pictures [100].", "n", "-e")),
        ("batch", Word("--batch", "Pictures or patches a step [8; volumes: 2].", "n", "-b")),
        ("accumulation", Word("--accumulation", "Batches whose gradients make one step [1].", "n")),
        ("optimizer.kind", Word("--optimizer", "adamw, adam, sgd, rmsprop, adagrad, adadelta or adamax [adamw].",
            "kind")),
        ("optimizer.lr", Word("--lr", "Learning rate [0.001].", "x")),
        ("optimizer.weight_decay", Word("--weight-decay", "Weight decay [0.01].", "x")),
        ("optimizer.clip_norm", Word("--clip-norm", "Largest norm of the gradient; 0 for none [0].", "x")),
        ("schedule.kind", Word("--schedule", "constant, cosine, poly, step, warmup_cosine, ... [cosine].", "kind")),
        ("loss.kind", Word("--loss", "auto, bce_dice, ce_dice, dc_ce, dc_topk, ...; see docs/training.md [auto].",
            "kind")),
        ("early_stop", Word("--early-stop", "Epochs without a better validation score; 0 never [0].", "n")),
        ("preprocessing.channels", Word("--channels", "1 (grey) or 3 (colour) [3; volumes: 1].", "n")),
        ("preprocessing.normalize", Word("--normalize",
            "minmax255, unit, standardize, imagenet or ct [minmax255; volumes: standardize].", "kind")),
        ("data.val_fraction", Word("--val-fraction", "Share for validation where the folder has none [0.2].", "x")),
        ("data.max_pixels", Word("--max-pixels", "Refuse pictures of more pixels [268435456].", "n")),
        ("memory_limit", Word("--memory-limit", "Recompute blocks until it fits, or refuse; such as 2GiB [what is free].", "size")),
        ("runs", Word("--runs", "Folder of the run folders [runs].", "folder")),
        ("name", Word("--name", "Name of the run folder [time_model_data_seed].", "name")),
    ];

    public static void AddTo(Command command)
    {
        command.Add(Data);
        command.Add(Size);
        command.Add(Patch);
        command.Add(Spacing);
        foreach ((_, Option<string?> flag) in Values)
            command.Add(flag);
        command.Add(ModelSource.Options);
        command.Add(AllowPartial);
        command.Add(CheckNumerics);
        command.Add(Set);
    }

    /// <summary>Settings that the user gave, flags first, then <c>--set</c> in order.</summary>
    public static List<KeyValuePair<string, string>> Settings(CommandContext context)
    {
        var settings = new List<KeyValuePair<string, string>>();
        void Add(string key, string value) => settings.Add(KeyValuePair.Create(key, value));
        if (context.Get(Data) is { } data)
            Add("data.root", Quote(data));
        if (context.Get(Size) is { } size)
            Add("preprocessing.size", string.Create(CultureInfo.InvariantCulture, $"[{size.Height}, {size.Width}]"));
        if (context.Get(Patch) is { } patch)
            Add("preprocessing.patch", List(patch));
        if (context.Get(Spacing) is { } spacing)
            Add("preprocessing.spacing", List(spacing));
        foreach ((string key, Option<string?> flag) in Values)
            if (context.Get(flag) is { } value)
                Add(key, Quote(value));
        foreach (string setting in context.Get(ModelSource.Options) ?? [])
            AddPair("--option", setting, (key, value) => Add("model.options." + key, value));
        if (context.Get(AllowPartial))
            Add("model.allow_partial", "true");
        if (context.Get(CheckNumerics))
            Add("check_numerics", "true");
        if (context.Seed is { } seed)
            Add("seed", seed.ToString(CultureInfo.InvariantCulture));
        if (context.Threads > 0)
            Add("threads", context.Threads.ToString(CultureInfo.InvariantCulture));
        foreach (string setting in context.Get(Set) ?? [])
            AddPair("--set", setting, Add);
        return settings;
    }

    static Option<string?> Word(string name, string description, string value, params string[] aliases) =>
        new(name, aliases) { Description = description, HelpName = value };

    static void AddPair(string flag, string setting, Action<string, string> add)
    {
        string[] parts = setting.Split('=', 2);
        if (parts.Length != 2 || parts[0].Length == 0)
            throw new UsageException($"{flag}: must be key=value; got '{setting}'.");
        add(parts[0], parts[1]);
    }

    /// <summary>AxBxC as a YAML list.</summary>
    static string List(string text) => "[" + string.Join(", ", text.Split('x', 'X')) + "]";

    /// <summary>As a YAML string, so that paths and names mean themselves.</summary>
    static string Quote(string text) => "'" + text.Replace("'", "''") + "'";
}
