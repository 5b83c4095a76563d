using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Resources;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Kernel.Tests.Resources;

public class ResourceTests
{
    private readonly VirtualClock _clock = new();
    private readonly List<string> _log = [];

    [Fact]
    public void UrgentComesFirstThenFirstComeFirstServed()
    {
        Server server = new(_clock, "desk", 1);
        void Customer(string name, double at, int priority) => _clock.Spawn(name, async () =>
        {
            await Sleep(at);
            await server.Acquire(priority: priority);
            Log(name);
            await Sleep(10);
            server.Release();
        });
        Customer("a", 0, 5);
        Customer("b", 1, 5);
        Customer("c", 2, 5);
        Customer("urgent", 3, 0);
        _clock.Run();
        Assert.Equal(["a@0", "urgent@10", "b@20", "c@30"], _log);
        Assert.Equal(1.0, server.Busy.Mean(_clock.Now));
        // b waits 1..20, c 2..30, urgent 3..10.
        Assert.Equal((19 + 28 + 7) / 40.0, server.Queue.Mean(_clock.Now));
    }

    [Fact]
    public void ASmallRequestDoesNotOvertakeALargeOneThatIsFirst()
    {
        Server server = new(_clock, "pool", 3);
        void Customer(string name, double at, int units) => _clock.Spawn(name, async () =>
        {
            await Sleep(at);
            await server.Acquire(units);
            Log(name);
            await Sleep(10);
            server.Release(units);
        });
        Customer("two", 0, 2);
        Customer("three", 1, 3);
        Customer("one", 2, 1);
        _clock.Run();
        Assert.Equal(["two@0", "three@10", "one@20"], _log);
    }

    [Fact]
    public void WhoGivesUpLeavesTheQueueAndUnblocksIt()
    {
        Server server = new(_clock, "pool", 2);
        _clock.Spawn("holder", async () =>
        {
            await server.Acquire();
            await Sleep(100);
            server.Release();
        });
        _clock.Spawn("large", async () => Log(await server.Acquire(2, deadline: Instant.FromSeconds(5)) ? "large" : "gave up"));
        _clock.Spawn("small", async () =>
        {
            await Sleep(1);
            await server.Acquire();
            Log("small");
            server.Release();
        });
        _clock.Run();
        Assert.Equal(["gave up@5", "small@5"], _log);
        Assert.Equal(0, server.InUse);
    }

    [Fact]
    public void CancellationBeforeAndAfterTheGrantLosesNoUnit()
    {
        Server server = new(_clock, "desk", 1);
        _clock.Spawn("holder", async () =>
        {
            await server.Acquire();
            await Sleep(10);
            server.Release();
        });
        Process? waiting = null;
        Process? granted = null;
        // Lanes run in the order of spawning: at 10 the holder's release grants the unit, then the killer runs, then the new owner.
        _clock.Spawn("killer", async () =>
        {
            await Sleep(5);
            waiting!.Cancel();
            await Sleep(5);
            Assert.Equal((1, 1), (server.InUse, server.Waiting));
            granted!.Cancel();
        });
        waiting = _clock.Spawn("cancelled while waiting", async () => await server.Acquire());
        granted = _clock.Spawn("cancelled after the grant", async () =>
        {
            await server.Acquire();
            Log("never");
        });
        _clock.Spawn("last", async () =>
        {
            await server.Acquire();
            Log("last");
            server.Release();
        });
        _clock.Run();
        Assert.Equal(["last@10"], _log);
        Assert.Equal(0, server.InUse);
        Assert.True(granted.IsFinished);
    }

    [Fact]
    public void ADeadlockNamesTheResource()
    {
        Server server = new(_clock, "the only fork", 1);
        _clock.Spawn("greedy", async () =>
        {
            await server.Acquire();
            await server.Acquire();
        });
        DeadlockException error = Assert.Throws<DeadlockException>(() => _clock.Run());
        Assert.Contains("greedy waits for the only fork", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReleasingTooMuchIsRefused()
    {
        Server server = new(_clock, "desk", 2);
        Assert.True(server.TryAcquire(2));
        Assert.False(server.TryAcquire());
        server.Release(2);
        Assert.Throws<InvalidOperationException>(() => server.Release());
        Assert.Throws<ArgumentOutOfRangeException>(() => server.Acquire(3));
    }

    [Fact]
    public void FlowsShareTheLinkEqually()
    {
        ProcessorSharingLink link = new(_clock, "link", new BytesPerSecond(100));
        void Flow(string name, double at, long bytes, double latency = 0) => _clock.Spawn(name, async () =>
        {
            await Sleep(at);
            await link.Transfer(new Bytes(bytes), Duration.FromSeconds(latency));
            Log(name);
        });
        // a alone 0..1 (100 done), with b 1..3 (50/s each): a has its 200 at 3; b has 100, then alone to 3.5; c alone, plus its latency.
        Flow("a", 0, 200);
        Flow("b", 1, 150);
        Flow("c", 10, 100, latency: 0.25);
        Flow("empty", 20, 0);
        _clock.Run();
        Assert.Equal(["a@3", "b@3.5", "c@11.25", "empty@20"], _log);
        Assert.Equal(450, link.BytesMoved);
    }

    [Fact]
    public void ACancelledOrLateFlowGivesItsShareBack()
    {
        ProcessorSharingLink link = new(_clock, "link", new BytesPerSecond(100));
        _clock.Spawn("a", async () =>
        {
            await link.Transfer(new Bytes(300));
            Log("a");
        });
        Process victim = _clock.Spawn("b", async () => await link.Transfer(new Bytes(1000)));
        _clock.Spawn("late", async () => Log(await link.Transfer(new Bytes(1000), deadline: Instant.FromSeconds(3)) ? "?" : "late"));
        _clock.Spawn("on time", async () =>
        {
            await Sleep(10);
            Log(await link.Transfer(new Bytes(100), deadline: Instant.FromSeconds(11)) ? "on time" : "?");
        });
        _clock.Spawn("killer", async () =>
        {
            await Sleep(1.5);
            victim.Cancel();
        });
        _clock.Run();
        // a: 50 in 1.5 s (three flows), 75 in 1.5 s (two), the last 175 alone.
        Assert.Equal(["late@3", "a@4.75", "on time@11"], _log);
        Assert.Equal(0, link.Flows);
        Assert.Equal(11, _clock.Now.Seconds);
    }

    [Fact]
    public void TheLinkNeitherMakesNorLosesWork()
    {
        // Whatever joins and leaves: while busy, the link moves its bandwidth. Primes make every share a fraction.
        ProcessorSharingLink link = new(_clock, "link", new BytesPerSecond(999_999_937));
        RandomStream random = RandomStream.Root(4).Split("flows");
        long total = 0;
        for (int i = 0; i < 1000; i++)
        {
            long bytes = 1 + random.NextInt(10_000_000);
            total += bytes;
            Duration start = Duration.FromNanoseconds(random.NextInt(1000));
            _clock.Spawn("flow", async () =>
            {
                await _clock.Delay(start);
                await link.Transfer(new Bytes(bytes));
            });
        }
        _clock.Run();
        Assert.Equal(total, link.BytesMoved);
        // Idle for less than a microsecond at the start; the last byte goes within a nanosecond of its fluid time.
        Assert.InRange(_clock.Now.Seconds, total / 999_999_937.0, (total / 999_999_937.0) + 1.1e-6);
    }

    [Fact]
    public void WithdrawnCapacityTellsTheNewestHoldersAndThenTakes()
    {
        WithdrawableCapacity spot = new(_clock, "spot", 4, grace: Duration.FromSeconds(120));
        void Holder(string name, double at, bool leaves) => _clock.Spawn(name, async () =>
        {
            await Sleep(at);
            Lease lease = (await spot.Acquire(2))!;
            Log(name);
            if (!await lease.WaitForNotice(Instant.FromSeconds(1000)))
            {
                lease.Release();
                return;
            }
            Log(name + " told");
            if (leaves)
            {
                await Sleep(30);
                lease.Release();
                Log(name + " left");
                return;
            }
            await _clock.Until(lease.LostAt, Phase.React);
            Log($"{name} {lease.State}");
            Assert.False(lease.IsUsable);
            lease.Release();
        });
        Holder("old", 0, leaves: false);
        Holder("new", 1, leaves: false);
        Holder("waiting", 2, leaves: true);
        _clock.Spawn("provider", async () =>
        {
            await Sleep(10);
            spot.Withdraw(1);
            Assert.Equal(4, spot.InUse);
            await Sleep(10);
            spot.Withdraw(2);
            await Sleep(180);
            spot.Restore(1);
            await Sleep(10);
            spot.Withdraw(2);
        });
        _clock.Run();
        Assert.Equal(["old@0", "new@1", "new told@10", "old told@20", "new Lost@130", "old Lost@140", "waiting@200", "waiting told@210", "waiting left@240"], _log);
        Assert.Equal(0, spot.InUse);
    }

    [Fact]
    public void WaitingForCapacityMayTimeOut()
    {
        WithdrawableCapacity spot = new(_clock, "spot", 0, Duration.Zero);
        _clock.Spawn("tenant", async () => Log(await spot.Acquire(1, Instant.FromSeconds(3)) is null ? "none" : "?"));
        _clock.Run();
        Assert.Equal(["none@3"], _log);
        Assert.Equal(0, spot.Waiting);
    }

    [Fact]
    public void ABudgetIsNeverExceeded()
    {
        Budget budget = new("privacy", 10);
        Assert.True(budget.TryCharge(7));
        Assert.False(budget.TryCharge(4));
        Assert.True(budget.TryCharge(3));
        Assert.False(budget.TryCharge(1));
        Assert.False(budget.TryCharge(long.MaxValue));
        Assert.Equal((10, 0, 3), (budget.Spent, budget.Remaining, budget.Refusals));
        Assert.Throws<ArgumentOutOfRangeException>(() => budget.TryCharge(-1));
    }

    [Fact]
    public void SettingsTakeEffectLateAndInOrder()
    {
        DelayedActuator<int> cap = new(_clock, "cap", 1, Duration.FromSeconds(5), value => Log($"cap {value}"));
        _clock.Spawn("controller", async () =>
        {
            cap.Set(2);
            await Sleep(1);
            cap.Set(3);
            Assert.Equal((1, 3, 2), (cap.Value, cap.Target, cap.Pending));
            await Sleep(4);
            Assert.Equal(2, cap.Value);
            await Sleep(4);
            cap.Set(4);
            cap.Set(5);
            await Sleep(1);
            // Faster than 5, so 5 must not come back over it.
            cap.Set(6, Duration.FromSeconds(1));
            Assert.Equal(1, cap.Pending);
            await Sleep(10);
            for (int i = 0; i < 9; i++)
            {
                cap.Set(10 + i, Duration.FromSeconds(i));
            }
        });
        _clock.Run();
        Assert.Equal(["cap 2@5", "cap 3@6", "cap 6@11", .. Enumerable.Range(0, 9).Select(i => $"cap {10 + i}@{20 + i}")], _log);
    }

    [Fact]
    public void WaitingAllocatesNothingInSteadyState()
    {
        Server server = new(_clock, "desk", 2);
        ProcessorSharingLink link = new(_clock, "link", new BytesPerSecond(1e9));
        for (int i = 0; i < 20; i++)
        {
            int size = 1000 + i;
            _clock.Spawn("worker", async () =>
            {
                while (true)
                {
                    await server.Acquire(1, size % 3);
                    await link.Transfer(new Bytes(size));
                    server.Release();
                    await link.Transfer(new Bytes(size), Duration.FromNanoseconds(50));
                }
            });
        }
        _clock.Run(Instant.FromSeconds(0.001));
        long events = _clock.Events;
        long before = GC.GetAllocatedBytesForCurrentThread();
        _clock.Run(Instant.FromSeconds(0.01));
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(_clock.Events > events + 1000);
        Assert.True(allocated < 200, $"{allocated} bytes for {_clock.Events - events} events");
    }

    private Wait Sleep(double seconds) => _clock.Delay(Duration.FromSeconds(seconds));

    private void Log(string what) => _log.Add(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{what}@{_clock.Now.Seconds}"));
}
