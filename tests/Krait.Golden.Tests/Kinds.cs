using Krait.Golden.Tests.Harness;
using Krait.Golden.Tests.Runners;

namespace Krait.Golden.Tests;

/// <summary>What is done with each kind of case or item: run. Any other kind is an error: nothing is skipped.</summary>
internal static class Kinds
{
    static readonly Dictionary<string, CaseRunner> Runners = new(StringComparer.Ordinal)
    {
        ["op.activation"] = ActivationRunner.Run,
        ["op.conv"] = ConvRunner.Direct,
        ["op.conv_transpose"] = ConvRunner.Transposed,
        ["op.selective_scan"] = ScanRunner.Run,
        ["op.drop_path"] = ScanRunner.DropPathWithMask,
        ["op.softmax"] = NormRunner.SoftmaxOfChannels,
        ["op.pool"] = PoolRunner.Fixed,
        ["op.adaptive_pool"] = PoolRunner.Adaptive,
        ["op.interpolate"] = PoolRunner.Interpolated,
        ["op.bce"] = LossRunner.Run,
        ["op.cross_entropy"] = LossRunner.Run,
        ["loss.bce_dice"] = LossRunner.Run,
        ["loss.dice"] = LossRunner.Run,
        ["loss.ce_dice"] = LossRunner.Run,
        ["loss.ndice"] = LossRunner.Run,
        ["loss.gt_bce_dice"] = LossRunner.Run,
        ["loss.dc_ce"] = LossRunner.Run,
        ["loss.dc_bce"] = LossRunner.Run,
        ["loss.dc_topk"] = LossRunner.Run,
        ["loss.soft_dice"] = LossRunner.Run,
        ["block.ss2d"] = BlockRunner.Ss2d,
        ["block.ss2d_core"] = BlockRunner.Ss2dCore,
        ["block.vss"] = BlockRunner.Vss,
        ["block.patch_embed"] = BlockRunner.PatchEmbed,
        ["block.patch_merge"] = BlockRunner.PatchMerge,
        ["block.patch_expand"] = BlockRunner.PatchExpand,
        ["block.final_patch_expand"] = BlockRunner.PatchExpand,
        ["block.channel_attention"] = BlockRunner.ChannelAttention,
        ["block.spatial_attention"] = BlockRunner.SpatialAttention,
        ["block.sdi"] = BlockRunner.Sdi,
        ["model.vmunet"] = ModelRunner.Run,
        ["model.vmunetv2"] = ModelRunner.Run,
        ["model.swin_umamba"] = ModelRunner.Run,
        ["model.swin_umamba_d"] = ModelRunner.Run,
        ["model.lightm_unet"] = ModelRunner.Run,
        ["model.nnunet_plain"] = ModelRunner.Run,
        ["model.nnunet_resenc"] = ModelRunner.Run,
        ["model.umamba_bot"] = ModelRunner.Run,
        ["model.umamba_enc"] = ModelRunner.Run,
        ["model.unetv2"] = ModelRunner.Run,
        ["block.mamba1d"] = BlockRunner.Mamba1d,
        ["block.lightm_mamba_layer"] = BlockRunner.MambaLayer,
        ["checkpoint"] = CheckpointRunner.Run,
        ["trajectory"] = TrajectoryRunner.Run,
        ["pipeline"] = PipelineRunner.Run,
        ["optimizer"] = OptimizerRunner.Run,
        ["clip_grad_norm"] = ClipRunner.Run,
        ["op.linear"] = NormRunner.Linear,
        ["op.layer_norm"] = NormRunner.Layer,
        ["op.batch_norm"] = NormRunner.Batch,
        ["op.instance_norm"] = NormRunner.Instance,
        ["op.group_norm"] = NormRunner.Group,
        ["schedule"] = ScheduleRunner.Run,
        ["metric.confusion"] = ConfusionRunner.Run,
        ["metric.surface"] = SegmentMetricRunner.Run,
        ["metric.cells"] = SegmentMetricRunner.Run,
        ["image.transforms"] = ImageRunner.Run,
        ["image.sliding_window"] = SlidingWindowRunner.Run,
    };

    /// <summary>Item kinds that the runner of their case knows.</summary>
    static readonly HashSet<string> Items =
    [
        "schedule.cosine_annealing", "schedule.cosine_warm_restarts", "schedule.step", "schedule.multi_step",
        "schedule.exponential", "schedule.warmup_multi_step", "schedule.warmup_cosine", "schedule.poly",
        "schedule.reduce_on_plateau",
        "optimizer.adamw", "optimizer.adam", "optimizer.sgd", "optimizer.rmsprop", "optimizer.adagrad",
        "optimizer.adadelta", "optimizer.adamax", "checkpoint.load", "checkpoint.key_mapping",
        "image.resize", "image.rotate", "image.flip", "image.normalize", "image.zoom", "image.rot90_flip",
        "image.gaussian_filter", "image.gaussian_importance", "image.sliding_window_steps",
        "image.sliding_window_blend",
        "image.connected_components", "metric.dice", "metric.nsd", "metric.percase",
    ];

    /// <summary>Kinds of the folder that nothing runs.</summary>
    public static IEnumerable<string> Unknown(IEnumerable<CaseEntry> entries) => entries
        .SelectMany(e => e.ItemKinds.Append(e.Kind)).Distinct()
        .Where(kind => !Runners.ContainsKey(kind) && !Items.Contains(kind));

    public static CaseRunner RunnerOf(string kind) => Runners.TryGetValue(kind, out CaseRunner? runner)
        ? runner
        : throw new InvalidOperationException($"kind '{kind}' is unknown: teach {nameof(Kinds)} to run it.");

    /// <summary>Kinds that compute with the engine, and so are run on every instruction set.</summary>
    public static bool UsesEngine(string kind) => kind.StartsWith("op.", StringComparison.Ordinal)
        || kind.StartsWith("block.", StringComparison.Ordinal) || kind.StartsWith("model.", StringComparison.Ordinal)
        || kind.StartsWith("loss.", StringComparison.Ordinal);
}
