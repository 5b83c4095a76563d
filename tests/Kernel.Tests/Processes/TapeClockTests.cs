using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;
using Orrery.Testing.Kernel;

namespace Orrery.Kernel.Tests.Processes;

public sealed class TapeClockTests
{
    private static readonly Duration Tick = Duration.FromMilliseconds(1);

    [Fact]
    public void TheInstantsOfAWallClockRepeatWhatItDid()
    {
        List<Instant> instants = [];
        List<string> live = [];
        using (WallClock clock = new(new ObedientTimeProvider()) { OnInstant = instants.Add })
        {
            Play(clock, live);
            clock.Run();
        }
        List<string> repeated = [];
        TapeClock tape = new();
        Play(tape, repeated);
        foreach (Instant at in instants) tape.RunAt(at, []);
        Assert.Equal(live, repeated);
        Assert.NotEmpty(live);
    }

    [Fact]
    public void ATimerThatRangLateRunsAtTheInstantOfTheTape()
    {
        TapeClock tape = new();
        Instant seen = Instant.Never;
        tape.Spawn("late", async () =>
        {
            await tape.Delay(Tick);
            seen = tape.Now;
        });
        tape.RunAt(Instant.Zero, []);
        tape.RunAt(Instant.Zero + Tick + Duration.FromNanoseconds(7), []);
        Assert.Equal(Instant.Zero + Tick + Duration.FromNanoseconds(7), seen);
    }

    [Fact]
    public void PostsOfAnInstantRunBeforeItsEventsAndInTheirOrder()
    {
        List<string> order = [];
        TapeClock tape = new();
        tape.Spawn("event", async () =>
        {
            await tape.Delay(Tick);
            order.Add("event");
        });
        tape.RunAt(Instant.Zero, []);
        tape.RunAt(Instant.Zero + Tick, [() => order.Add("first"), () => order.Add("second")]);
        Assert.Equal(["first", "second", "event"], order);
    }

    [Fact]
    public void TimeDoesNotRunBackwards()
    {
        TapeClock tape = new();
        tape.RunAt(Instant.Zero + Tick, []);
        Assert.Throws<ArgumentOutOfRangeException>(() => tape.RunAt(Instant.Zero, []));
    }

    [Fact]
    public void NowStandsStillWithinAnInstantOfAWallClock()
    {
        HashSet<Instant> seen = [];
        int instants = 0;
        using WallClock clock = new(TimeProvider.System) { OnInstant = _ => instants++ };
        clock.Spawn("chain", async () =>
        {
            for (int i = 0; i < 100; i++)
            {
                seen.Add(clock.Now);
                await clock.Until(clock.Now, Phase.Plan);
            }
        });
        clock.Run();
        Assert.Single(seen);
        Assert.Equal(1, instants);
    }

    private static void Play(Clock clock, List<string> log)
    {
        Signal signal = new(clock, "news");
        clock.Spawn("teller", async () =>
        {
            for (int i = 0; i < 5; i++)
            {
                await clock.Delay(Tick * (i + 1));
                signal.Set(Phase.React);
            }
        });
        clock.Spawn("listener", async () =>
        {
            for (int i = 0; i < 12; i++) log.Add($"{clock.Now} {await signal.Wait(clock.Now + (Tick * 2))}");
        });
    }
}
