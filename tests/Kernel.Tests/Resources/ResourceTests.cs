using Orrery.Kernel.Processes;
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
