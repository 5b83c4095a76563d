using Orrery.Engine.Threads;

namespace Orrery.Engine.Tests.Threads;

public sealed class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_worker_takes_its_share_of_every_round(int workers)
    {
        using var pool = new WorkerPool(workers);
        var work = new Counting(workers);
        for (int round = 0; round < 2_000; round++) pool.Run(work);
        Assert.All(work.Shares, shares => Assert.Equal(2_000, shares));
    }

    [Fact]
    public void Workers_that_parked_wake_for_the_next_round()
    {
        using var pool = new WorkerPool(3);
        var work = new Counting(3);
        for (int round = 0; round < 20; round++)
        {
            pool.Run(work);
            using var pause = new ManualResetEventSlim();
            pause.Wait(2);
        }
        Assert.All(work.Shares, shares => Assert.Equal(20, shares));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_failing_share_is_reported_and_the_pool_goes_on(int workers)
    {
        using var pool = new WorkerPool(workers);
        var failure = Assert.Throws<InvalidOperationException>(() => pool.Run(new Failing()));
        Assert.IsType<ArithmeticException>(failure.InnerException);
        var work = new Counting(workers);
        pool.Run(work);
        Assert.All(work.Shares, shares => Assert.Equal(1, shares));
    }

    [Fact]
    public void Rounds_allocate_nothing()
    {
        using var pool = new WorkerPool(2);
        var work = new Counting(2);
        pool.Run(work);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 100; round++) pool.Run(work);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private sealed class Counting(int workers) : IParallelWork
    {
        public int[] Shares { get; } = new int[workers];

        public void Run(int worker, int workers) => Shares[worker]++;
    }

    private sealed class Failing : IParallelWork
    {
        public void Run(int worker, int workers)
        {
            if (worker == workers - 1) throw new ArithmeticException("the last share fails");
        }
    }
}
