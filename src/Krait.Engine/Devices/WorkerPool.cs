using System.Runtime.CompilerServices;

namespace Krait.Engine.Devices;

/// <summary>Work that falls into chunks fixed by shape. Any thread may take any chunk; chunks write apart.</summary>
public interface IJob
{
    void Run(int chunk, Worker worker);
}

/// <summary>One thread of the pool with its scratch memory.</summary>
public sealed unsafe class Worker
{
    NativeBuffer? _scratch;

    /// <summary>At least <paramref name="floats"/> floats, 64-byte aligned, of this thread only;
    /// contents undefined.</summary>
    public float* Scratch(long floats)
    {
        if (_scratch is null || _scratch.Count < floats)
        {
            _scratch?.Dispose();
            _scratch = new NativeBuffer(floats);
        }
        return _scratch.Pointer;
    }

    internal long ScratchBytes => (_scratch?.Count ?? 0) * sizeof(float);

    internal void Free() => _scratch?.Dispose();
}

/// <summary>
/// Fork and join over a fixed set of threads without allocating. Chunks are handed out by a counter, so who runs a
/// chunk varies, but never what it computes. When the pool is busy with another caller, the caller runs alone. A thread
/// that the system does not schedule in time is not waited for: a job closes when its chunks are taken, and only
/// threads that have joined it by then are waited for.
/// </summary>
public sealed unsafe class WorkerPool : IDisposable
{
    const int SpinsBeforeSleep = 4000;
    const int NumberShift = 32;
    const long Closed = 1L << 31;
    const long JoinedMask = Closed - 1;

    readonly Worker[] _workers;
    readonly Thread[] _threads;
    readonly SemaphoreSlim _wake = new(0);
    readonly Lock _gate = new();
    readonly ThreadLocal<Worker> _inlineWorkers = new(() => new Worker(), trackAllValues: true);

    delegate*<void*, int, Worker, void> _run;
    void* _job;
    int _chunks;
    int _next;
    int _sleepers;
    volatile bool _stop;

    /// <summary>The job's number, whether it still takes threads, and how many have joined,
    /// changed as one word.</summary>
    long _state = Closed;
    Exception? _failure;

    /// <param name="threads">Threads in all, the caller's included.</param>
    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        _workers = new Worker[threads];
        for (int i = 0; i < threads; i++)
            _workers[i] = new Worker();
        _threads = new Thread[threads - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            Worker worker = _workers[i + 1];
            _threads[i] = new Thread(() => Loop(worker)) { IsBackground = true, Name = $"krait-{i + 1}" };
            _threads[i].Start();
        }
    }

    public int Threads => _workers.Length;

    /// <summary>Scratch memory held by all threads, in bytes.</summary>
    public long ScratchBytes => _workers.Sum(w => w.ScratchBytes) + _inlineWorkers.Values.Sum(w => w.ScratchBytes);

    /// <summary>Runs all chunks and returns when the last is done; rethrows the first failure.</summary>
    public void Run<TJob>(TJob job, int chunks) where TJob : struct, IJob
    {
        if (chunks <= 1 || _threads.Length == 0 || !_gate.TryEnter())
        {
            RunInline(ref job, chunks);
            return;
        }
        try
        {
            Fork(ref job, chunks);
        }
        finally
        {
            _gate.Exit();
        }
    }

    void RunInline<TJob>(ref TJob job, int chunks) where TJob : struct, IJob
    {
        Worker worker = _inlineWorkers.Value!;
        for (int chunk = 0; chunk < chunks; chunk++)
            job.Run(chunk, worker);
    }

    void Fork<TJob>(ref TJob job, int chunks) where TJob : struct, IJob
    {
        _failure = null;
        _job = Unsafe.AsPointer(ref job);
        _run = &Invoke<TJob>;
        _chunks = chunks;
        _next = 0;
        // Nobody is joined here: the last job was left by all. This opens the next one.
        Interlocked.Exchange(ref _state, (Number(_state) + 1) << NumberShift);
        int asleep = Volatile.Read(ref _sleepers);
        if (asleep > 0)
            _wake.Release(asleep);
        TakeChunks(_workers[0]);
        Interlocked.Or(ref _state, Closed);
        var spin = new SpinWait();
        while ((Volatile.Read(ref _state) & JoinedMask) > 0)
            spin.SpinOnce(sleep1Threshold: -1);
        if (_failure is { } failure)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    static void Invoke<TJob>(void* job, int chunk, Worker worker) where TJob : struct, IJob =>
        Unsafe.AsRef<TJob>(job).Run(chunk, worker);

    void TakeChunks(Worker worker)
    {
        try
        {
            for (int chunk; (chunk = Interlocked.Increment(ref _next) - 1) < _chunks;)
                _run(_job, chunk, worker);
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _failure, e, null);
            Volatile.Write(ref _next, _chunks);
        }
    }

    void Loop(Worker worker)
    {
        long seen = 0;
        while (true)
        {
            WaitForWork(seen);
            if (_stop)
                return;
            if (!TryJoin(ref seen))
                continue;
            TakeChunks(worker);
            Interlocked.Decrement(ref _state);
        }
    }

    /// <summary>Joins the job that is open now; false when it has closed meanwhile.</summary>
    bool TryJoin(ref long seen)
    {
        while (true)
        {
            long state = Volatile.Read(ref _state);
            seen = Number(state);
            if ((state & Closed) != 0)
                return false;
            if (Interlocked.CompareExchange(ref _state, state + 1, state) == state)
                return true;
        }
    }

    void WaitForWork(long seen)
    {
        for (int i = 0; i < SpinsBeforeSleep; i++)
        {
            if (Number(Volatile.Read(ref _state)) != seen || _stop)
                return;
            Thread.SpinWait(8);
        }
        while (Number(Volatile.Read(ref _state)) == seen && !_stop)
        {
            Interlocked.Increment(ref _sleepers);
            if (Number(Volatile.Read(ref _state)) == seen && !_stop)
                _wake.Wait();
            Interlocked.Decrement(ref _sleepers);
        }
    }

    static long Number(long state) => state >> NumberShift;

    public void Dispose()
    {
        if (_stop)
            return;
        _stop = true;
        _wake.Release(Math.Max(1, _threads.Length));
        foreach (Thread thread in _threads)
            thread.Join();
        foreach (Worker worker in _workers)
            worker.Free();
        foreach (Worker worker in _inlineWorkers.Values)
            worker.Free();
        _inlineWorkers.Dispose();
        _wake.Dispose();
    }
}
