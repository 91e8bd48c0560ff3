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

    /// <summary>At least <paramref name="floats"/> floats, 64-byte aligned, of this thread only; contents undefined.</summary>
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
/// chunk varies, but never what it computes. When the pool is busy with another caller, the caller runs alone.
/// </summary>
public sealed unsafe class WorkerPool : IDisposable
{
    const int SpinsBeforeSleep = 4000;

    readonly Worker[] _workers;
    readonly Thread[] _threads;
    readonly SemaphoreSlim _wake = new(0);
    readonly Lock _gate = new();
    readonly ThreadLocal<Worker> _inlineWorkers = new(() => new Worker(), trackAllValues: true);

    delegate*<void*, int, Worker, void> _run;
    void* _job;
    int _chunks;
    int _next;
    int _pending;
    int _sleepers;
    volatile int _generation;
    volatile bool _stop;
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
        _pending = _threads.Length;
        Interlocked.Increment(ref _generation);
        int asleep = Volatile.Read(ref _sleepers);
        if (asleep > 0)
            _wake.Release(asleep);
        TakeChunks(_workers[0]);
        var spin = new SpinWait();
        while (Volatile.Read(ref _pending) > 0)
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
        int seen = 0;
        while (true)
        {
            WaitForWork(seen);
            if (_stop)
                return;
            seen = _generation;
            TakeChunks(worker);
            Interlocked.Decrement(ref _pending);
        }
    }

    void WaitForWork(int seen)
    {
        for (int i = 0; i < SpinsBeforeSleep; i++)
        {
            if (_generation != seen || _stop)
                return;
            Thread.SpinWait(8);
        }
        while (_generation == seen && !_stop)
        {
            Interlocked.Increment(ref _sleepers);
            if (_generation == seen && !_stop)
                _wake.Wait();
            Interlocked.Decrement(ref _sleepers);
        }
    }

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
