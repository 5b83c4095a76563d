using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;
using Orrery.Testing.Kernel;

namespace Orrery.Kernel.Tests.Processes;

public sealed class ClockTests
{
    [Fact]
    public void PhasesOrderOneInstantWhateverWasScheduledFirst()
    {
        VirtualClock clock = new();
        List<string> order = [];
        async ValueTask At(string name, Phase phase)
        {
            await clock.Until(Instant.FromSeconds(1), phase);
            order.Add(name);
        }
        clock.Spawn("plan", () => At("plan", Phase.Plan));
        clock.Spawn("react", () => At("react", Phase.React));
        clock.Spawn("deliver", () => At("deliver", Phase.Deliver));
        Assert.True(clock.Run());
        Assert.Equal(["deliver", "react", "plan"], order);
    }

    [Fact]
    public void TiesWithinAPhaseGoByProcessNotByWhoAskedFirst()
    {
        VirtualClock clock = new();
        List<string> order = [];
        async ValueTask TwoHops(string name, double first)
        {
            await clock.Delay(Duration.FromSeconds(first));
            await clock.Until(Instant.FromSeconds(5));
            order.Add(name);
        }
        clock.Spawn("a", () => TwoHops("a", 3));
        clock.Spawn("b", () => TwoHops("b", 1));
        clock.Run();
        Assert.Equal(["a", "b"], order);
    }

    [Fact]
    public void SignalBeforeDeadlineWakesAndLeavesNoStaleEvent()
    {
        VirtualClock clock = new();
        Signal signal = new(clock, "work");
        List<(bool Woken, double At)> seen = [];
        clock.Spawn("waiter", async () =>
        {
            bool woken = await signal.Wait(Instant.FromSeconds(10));
            seen.Add((woken, clock.Now.Seconds));
            await clock.Delay(Duration.FromSeconds(20));
            seen.Add((false, clock.Now.Seconds));
        });
        clock.Spawn("setter", async () =>
        {
            await clock.Delay(Duration.FromSeconds(3));
            signal.Set();
        });
        clock.Run();
        Assert.Equal([(true, 3.0), (false, 23.0)], seen);
    }

    [Fact]
    public void DeadlineComesFirstWhenNobodySignals()
    {
        VirtualClock clock = new();
        Signal signal = new(clock, "work");
        bool woken = true;
        clock.Spawn("waiter", async () => woken = await signal.Wait(Instant.FromSeconds(2)));
        clock.Run();
        Assert.False(woken);
        Assert.Equal(2.0, clock.Now.Seconds);
    }

    [Fact]
    public void DeadlockNamesWhoWaitsForWhat()
    {
        VirtualClock clock = new();
        Signal never = new(clock, "the key of the safe");
        clock.Spawn("burglar", async () => await never.Wait());
        clock.Spawn("guard", async () => await never.Wait(), background: true);
        DeadlockException error = Assert.Throws<DeadlockException>(() => clock.Run());
        Assert.Contains("burglar waits for the key of the safe", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("guard", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FaultStopsTheRunWithTheName()
    {
        VirtualClock clock = new();
        clock.Spawn("thrower", async () =>
        {
            await clock.Delay(Duration.FromSeconds(1));
            throw new InvalidOperationException("boom");
        });
        ProcessFaultException error = Assert.Throws<ProcessFaultException>(() => clock.Run());
        Assert.Contains("'thrower'", error.Message, StringComparison.Ordinal);
        Assert.Contains("boom", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CancelUnwindsAWaitingProcessQuietly()
    {
        VirtualClock clock = new();
        bool cleaned = false;
        Process victim = clock.Spawn("victim", async () =>
        {
            try
            {
                await clock.Delay(Duration.FromHours(1));
            }
            finally
            {
                cleaned = true;
            }
        });
        clock.Spawn("killer", async () =>
        {
            await clock.Delay(Duration.FromSeconds(1));
            victim.Cancel();
        });
        Assert.True(clock.Run());
        Assert.True(cleaned);
        Assert.True(victim.IsFinished);
        Assert.Equal(1.0, clock.Now.Seconds);
    }

    [Fact]
    public void LimitLeavesLaterEventsForTheNextRun()
    {
        VirtualClock clock = new();
        int ticks = 0;
        clock.Spawn("ticker", async () =>
        {
            for (int i = 0; i < 10; i++)
            {
                await clock.Delay(Duration.FromSeconds(1));
                ticks++;
            }
        });
        Assert.False(clock.Run(Instant.FromSeconds(4)));
        Assert.Equal(4, ticks);
        Assert.True(clock.Run());
        Assert.Equal(10, ticks);
    }

    [Fact]
    public void WaitingAllocatesNothingInSteadyState()
    {
        VirtualClock clock = new();
        long before = 0;
        long after = 0;
        clock.Spawn("looper", async () =>
        {
            for (int i = 0; i < 20_000; i++)
            {
                if (i == 10_000) before = GC.GetAllocatedBytesForCurrentThread();
                await clock.Delay(Duration.FromNanoseconds(7));
            }
            after = GC.GetAllocatedBytesForCurrentThread();
        });
        clock.Run();
        Assert.Equal(0, after - before);
    }

    [Fact]
    public void WallClockRunsTheSameProcessAndStampsPosts()
    {
        using WallClock clock = new(TimeProvider.System);
        Signal signal = new(clock, "post");
        bool woken = false;
        clock.Spawn("server", async () => woken = await signal.Wait());
        ExternalWork work = clock.BeginExternal();
        Thread worker = new(() => work.Complete(() => signal.Set()));
        worker.Start();
        clock.Run();
        worker.Join();
        Assert.True(woken);
    }

    [Fact]
    public void AWallClockSleepsLongerThanATimerCan()
    {
        using WallClock clock = new(new ObedientTimeProvider());
        clock.Spawn("hibernation", async () => await clock.Delay(Duration.FromHours(24 * 100)));
        clock.Run();
        Assert.Equal(24 * 100 * 3600, clock.Now.Seconds, 1e-6);
    }
}
