using Krait.Engine.Devices;

namespace Krait.Engine.Tests.Devices;

public sealed unsafe class WorkerPoolTests
{
    readonly struct Count(int* counts) : IJob
    {
        public void Run(int chunk, Worker worker) => Interlocked.Increment(ref counts[chunk]);
    }

    readonly struct Fail : IJob
    {
        public void Run(int chunk, Worker worker)
        {
            if (chunk == 3)
                throw new InvalidOperationException("chunk 3");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_chunk_runs_once_and_is_done_on_return(int threads)
    {
        using var pool = new WorkerPool(threads);
        int* counts = stackalloc int[64];
        for (int run = 0; run < 3000; run++)
        {
            int chunks = 1 + (run % 64);
            new Span<int>(counts, 64).Clear();
            pool.Run(new Count(counts), chunks);
            for (int i = 0; i < 64; i++)
                Assert.True(counts[i] == (i < chunks ? 1 : 0), $"run {run}: chunk {i} ran {counts[i]} times");
            if (run % 1000 == 999)
                Thread.Sleep(20); // Long enough for the threads to fall asleep.
        }
    }

    [Fact]
    public void A_failure_reaches_the_caller_and_the_pool_stays_usable()
    {
        using var pool = new WorkerPool(3);
        int* counts = stackalloc int[8];
        for (int run = 0; run < 50; run++)
        {
            Assert.Throws<InvalidOperationException>(() => pool.Run(default(Fail), 8));
            new Span<int>(counts, 8).Clear();
            pool.Run(new Count(counts), 8);
            Assert.Equal([1, 1, 1, 1, 1, 1, 1, 1], new Span<int>(counts, 8).ToArray());
        }
    }
}
