using Krait.Imaging;
using Krait.Training.Config;
using Krait.Training.Data;
using Krait.Training.Evaluation;

namespace Krait.Training;

/// <summary>The samples of a run, pictures or volumes: batches to train on, validation, and overlays.</summary>
internal sealed class TrainingData
{
    private readonly Splits splits;
    private readonly MaskCoding coding;
    private readonly ImageReadOptions read;

    /// <exception cref="ConfigException">If the data do not fit the configuration.</exception>
    public TrainingData(TrainConfig config, Dataset data, Splits splits, ImageReadOptions read)
    {
        var p = config.Preprocessing;
        Check(data, p);
        (this.splits, coding, this.read) = (splits, data.Coding, read);
        ISampleSource source = p.IsVolume ? new VolumeReader(p, coding, read, config.Data.Foreground)
            : new SampleReader(p, coding, read);
        BytesPerSample = sizeof(float) * (long)p.Input.Voxels * (p.Channels + 1);
        // Validation rarely needs more than its share of the memory for prepared samples.
        long valCache = p.IsVolume ? config.Data.CacheBytes / 4
            : Math.Min(config.Data.CacheBytes / 4, BytesPerSample * splits.Val.Count);
        TrainLoader = new BatchLoader(splits.Train, source, new LoaderOptions
        {
            Batch = config.Batch,
            Seed = config.Seed,
            Training = true,
            Augmentation = config.Augmentation,
            Repeats = p.IsVolume ? config.Data.Patches : 1,
            CacheBytes = config.Data.CacheBytes - valCache,
        });
        Validation = p.IsVolume ? new VolumeValidation(splits.Val, (VolumeReader)source, valCache)
            : new PictureValidation(new BatchLoader(splits.Val, source,
                new LoaderOptions { Batch = config.Batch, CacheBytes = valCache }));
        // Of volumes the size is known only once they are read.
        ForecastBytes = 6 * BytesPerSample * config.Batch + (p.IsVolume ? config.Data.CacheBytes
            : Math.Min(config.Data.CacheBytes, BytesPerSample * (splits.Train.Count + splits.Val.Count)));
    }

    public BatchLoader TrainLoader { get; }

    public IValidation Validation { get; }

    /// <summary>A prepared picture or patch with its target.</summary>
    public long BytesPerSample { get; }

    /// <summary>Prepared samples that are kept, and batches under way in two loaders.</summary>
    public long ForecastBytes { get; }

    /// <summary>Draws some validation samples with hit, false alarm and miss.</summary>
    public void DrawSamples(Predictor predictor, string folder)
    {
        const int Count = 6;
        var cases = ICaseSource.Of(predictor, coding, new EvaluationOptions { Read = read });
        int step = Math.Max(1, splits.Val.Count / Count);
        for (int i = 0, drawn = 0; i < splits.Val.Count && drawn < Count; i += step, drawn++)
        {
            var sample = splits.Val[i];
            ImageFile.WritePng(Path.Combine(folder, sample.Name.Replace('/', '_') + ".png"),
                cases.Open(sample)().Draw());
        }
    }

    private static void Check(Dataset data, Preprocessing p)
    {
        if (data.IsVolumes && !p.IsVolume)
            throw new ConfigException($"{data.Root}: these are volumes; say which patch the network is fed with: " +
                "preprocessing.patch (--patch 32x48x32: slices, rows, columns).");
        if (data.Regions.Count > 0 && p.MaskResize == MaskResize.Bilinear)
            throw new ConfigException("preprocessing.mask_resize: regions are made of class numbers, which bilinear "
                + "would mix; use nearest.");
        if (!data.IsVolumes && p.IsVolume)
            throw new ConfigException($"preprocessing.patch: is for volumes; {data.Root} holds pictures. Use size.");
    }
}
