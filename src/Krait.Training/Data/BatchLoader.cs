using System.Collections.Concurrent;
using Krait.Engine;

namespace Krait.Training.Data;

/// <summary>A batch; its arrays are valid until the next one is asked for.</summary>
/// <param name="Image">[B, H, W, C] float32.</param>
/// <param name="Target">[B, H, W, 1] float32 class numbers.</param>
/// <param name="Count">Samples that count; the rest of a last validation batch repeats the last sample.</param>
/// <param name="Indices">Index of each sample in the loader's list, B of them.</param>
public sealed record DataBatch(float[] Image, float[] Target, int Count, IReadOnlyList<int> Indices);

/// <summary>How a loader goes through its samples.</summary>
public sealed record LoaderOptions
{
    public int Batch { get; init; } = 8;
    public ulong Seed { get; init; }

    /// <summary>Training: a new seeded order each epoch, and a remainder smaller than a batch sits that epoch out.
    /// Otherwise: order of the list, every sample.</summary>
    public bool Training { get; init; }

    public AugmentationOptions Augmentation { get; init; } = AugmentationOptions.None;

    /// <summary>Memory for prepared samples, bytes.</summary>
    public long CacheBytes { get; init; }

    /// <summary>Batches that are prepared ahead.</summary>
    public int Prefetch { get; init; } = 2;
}

/// <summary>
/// Reads, prepares and augments batches in the background. Order and content depend on seed and epoch alone, not on
/// threads or timing. One epoch at a time.
/// </summary>
public sealed class BatchLoader
{
    private readonly IReadOnlyList<Sample> samples;
    private readonly SampleReader reader;
    private readonly LoaderOptions options;
    private readonly Augmentation augmentation;
    private readonly ConcurrentDictionary<int, PreparedSample> cache = new();
    private long cachedBytes;

    /// <exception cref="ArgumentException">If there are no samples.</exception>
    public BatchLoader(IReadOnlyList<Sample> samples, SampleReader reader, LoaderOptions options)
    {
        if (samples.Count == 0) throw new ArgumentException("loader: there are no samples.");
        (this.samples, this.reader, this.options) = (samples, reader, options);
        augmentation = new Augmentation(options.Augmentation, options.Seed);
        BatchSize = Math.Min(options.Batch, samples.Count);
    }

    /// <summary>Samples a batch: as configured, or all where there are fewer.</summary>
    public int BatchSize { get; }

    /// <summary>Batches an epoch.</summary>
    public int BatchCount => options.Training ? samples.Count / BatchSize : (samples.Count + BatchSize - 1) / BatchSize;

    public Preprocessing Preprocessing => reader.Preprocessing;

    /// <summary>Memory of the prepared samples that are kept, bytes.</summary>
    public long CachedBytes => Interlocked.Read(ref cachedBytes);

    /// <summary>The batches of an epoch from <paramref name="firstBatch"/> on.</summary>
    /// <exception cref="Krait.Imaging.ImageFormatException">If a file cannot be read.</exception>
    /// <exception cref="Config.ConfigException">If image and mask do not fit.</exception>
    public IEnumerable<DataBatch> Epoch(int epoch, int firstBatch = 0, CancellationToken cancel = default)
    {
        int[] order = Order(epoch);
        int ahead = Math.Max(1, options.Prefetch);
        // One buffer is read by the caller while `ahead` are filled.
        var buffers = new Queue<DataBatch>(Enumerable.Range(0, ahead + 1).Select(_ => NewBuffers()));
        var pending = new Queue<Task<DataBatch>>();
        DataBatch? current = null;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            for (int next = firstBatch, done = firstBatch; done < BatchCount; done++)
            {
                if (current is not null) buffers.Enqueue(current);
                for (; next < BatchCount && pending.Count < ahead; next++)
                {
                    var (buffer, batch) = (buffers.Dequeue(), next);
                    pending.Enqueue(Task.Run(() => Fill(buffer, order, batch, epoch, stop.Token), stop.Token));
                }
                current = pending.Dequeue().GetAwaiter().GetResult();
                yield return current;
            }
        }
        finally
        {
            stop.Cancel();
            foreach (var task in pending) Abandon(task);
        }
    }

    /// <summary>Order of the samples of an epoch.</summary>
    internal int[] Order(int epoch)
    {
        int[] order = [.. Enumerable.Range(0, samples.Count)];
        if (options.Training) new CounterRng(options.Seed, (ulong)epoch, "shuffle").Shuffle<int>(order);
        return order;
    }

    private DataBatch NewBuffers()
    {
        var p = Preprocessing;
        int pixels = checked(BatchSize * p.Height * p.Width);
        return new DataBatch(new float[checked(pixels * p.Channels)], new float[pixels], 0, []);
    }

    private DataBatch Fill(DataBatch buffer, int[] order, int batch, int epoch, CancellationToken cancel)
    {
        var p = Preprocessing;
        int pixels = p.Height * p.Width, first = batch * BatchSize;
        var indices = new int[BatchSize];
        for (int b = 0; b < BatchSize; b++)
        {
            cancel.ThrowIfCancellationRequested();
            int index = indices[b] = order[Math.Min(first + b, order.Length - 1)];
            var sample = Prepared(index);
            var image = buffer.Image.AsSpan(b * pixels * p.Channels, pixels * p.Channels);
            var target = buffer.Target.AsSpan(b * pixels, pixels);
            Augmentation.Apply(sample, augmentation.DrawFor(epoch, index, p.Height == p.Width), p.Height, p.Width,
                p.Channels, image, target);
        }
        return buffer with { Count = Math.Min(BatchSize, order.Length - first), Indices = indices };
    }

    private PreparedSample Prepared(int index)
    {
        if (cache.TryGetValue(index, out var kept)) return kept;
        var sample = reader.Read(samples[index]);
        if (CachedBytes + sample.Bytes <= options.CacheBytes && cache.TryAdd(index, sample))
            Interlocked.Add(ref cachedBytes, sample.Bytes);
        return sample;
    }

    // The epoch was left early: wait for what runs, and let go of its outcome.
    private static void Abandon(Task task) => task.ContinueWith(t => t.Exception, CancellationToken.None,
        TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Wait(TimeSpan.FromSeconds(30));
}
