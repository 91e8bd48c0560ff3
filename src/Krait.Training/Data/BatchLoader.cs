using System.Collections.Concurrent;
using Krait.Engine;

namespace Krait.Training.Data;

/// <summary>A batch; its arrays are valid until the next one is asked for.</summary>
/// <param name="Image">[B, H, W, C] or [B, D, H, W, C] float32.</param>
/// <param name="Target">The same with 1 channel: class numbers.</param>
/// <param name="Count">Samples that count; the rest of a last validation batch repeats the last sample.</param>
/// <param name="Indices">Index of each sample in the epoch's list, B of them: the list of samples, repeated.</param>
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

    /// <summary>Times that each sample comes in an epoch: patches a volume.</summary>
    public int Repeats { get; init; } = 1;

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
    private readonly ISampleSource source;
    private readonly LoaderOptions options;
    private readonly Augmentation augmentation;
    private readonly ConcurrentDictionary<int, PreparedSample> cache = new();
    private long cachedBytes;

    /// <exception cref="ArgumentException">If there are no samples.</exception>
    public BatchLoader(IReadOnlyList<Sample> samples, ISampleSource source, LoaderOptions options)
    {
        if (samples.Count == 0) throw new ArgumentException("loader: there are no samples.");
        (this.samples, this.source, this.options) = (samples, source, options);
        augmentation = new Augmentation(options.Augmentation, options.Seed);
        BatchSize = Math.Min(options.Batch, Count);
    }

    /// <summary>Samples a batch: as configured, or all where there are fewer.</summary>
    public int BatchSize { get; }

    /// <summary>Batches an epoch.</summary>
    public int BatchCount => options.Training ? Count / BatchSize : (Count + BatchSize - 1) / BatchSize;

    public Preprocessing Preprocessing => source.Preprocessing;

    /// <summary>Memory of the prepared samples that are kept, bytes.</summary>
    public long CachedBytes => Interlocked.Read(ref cachedBytes);

    /// <summary>Samples an epoch.</summary>
    private int Count => checked(samples.Count * options.Repeats);

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
        int[] order = [.. Enumerable.Range(0, Count)];
        if (options.Training) new CounterRng(options.Seed, (ulong)epoch, "shuffle").Shuffle<int>(order);
        return order;
    }

    private DataBatch NewBuffers()
    {
        int pixels = checked(BatchSize * Preprocessing.Input.Voxels);
        return new DataBatch(new float[checked(pixels * Preprocessing.Channels)], new float[pixels], 0, []);
    }

    private DataBatch Fill(DataBatch buffer, int[] order, int batch, int epoch, CancellationToken cancel)
    {
        int pixels = Preprocessing.Input.Voxels, values = pixels * Preprocessing.Channels, first = batch * BatchSize;
        var indices = new int[BatchSize];
        for (int b = 0; b < BatchSize; b++)
        {
            cancel.ThrowIfCancellationRequested();
            int index = indices[b] = order[Math.Min(first + b, order.Length - 1)];
            source.Write(Prepared(index % samples.Count), augmentation, epoch, index,
                buffer.Image.AsSpan(b * values, values), buffer.Target.AsSpan(b * pixels, pixels));
        }
        return buffer with { Count = Math.Min(BatchSize, order.Length - first), Indices = indices };
    }

    private PreparedSample Prepared(int index)
    {
        if (cache.TryGetValue(index, out var kept)) return kept;
        var sample = source.Read(samples[index]);
        if (CachedBytes + sample.Bytes <= options.CacheBytes && cache.TryAdd(index, sample))
            Interlocked.Add(ref cachedBytes, sample.Bytes);
        return sample;
    }

    // The epoch was left early: wait for what runs, and let go of its outcome.
    private static void Abandon(Task task) => task.ContinueWith(t => t.Exception, CancellationToken.None,
        TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Wait(TimeSpan.FromSeconds(30));
}
