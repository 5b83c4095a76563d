using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Systems.VllmV1;
using Orrery.Testing.Kernel;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Replicas;

/// <summary>One loop, both worlds: the wall clock makes every decision that virtual time makes, at the same instants.</summary>
public sealed class TwoWorldsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void WallClockEqualsVirtualTime(int seed)
    {
        VllmV1Options options = new() { MaxBatchedTokens = 128, MaxSequences = 6 };
        ReplicaFacts facts = new(4096, "toy", default);
        FleetHarness harness = new()
        {
            Scheduler = () => options.Create(facts),
            Replicas = 2,
            // A wall clock sleeps in ticks of 100 ns, so the toy's times are multiples of that.
            Cost = new ToyCost(Duration.FromMilliseconds(2), Duration.FromMicroseconds(50), Duration.Zero, Duration.FromMilliseconds(1)),
        };
        IReadOnlyList<Request> requests = new RandomRequests { ImpatientShare = 0.1 }.Make(RandomStream.Root((ulong)seed));
        FleetOutcome simulated = harness.Run(new ScriptedTraffic(requests));
        FleetOutcome live = harness.RunLive(new ScriptedTraffic(requests), new ObedientTimeProvider());
        Assert.Equal(simulated.Text, live.Text);
        Assert.Equal(requests.Count, live.Sequences.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void AnExecutorThatReportsItsEndsLaterIsServedTheSame(int seed)
    {
        Duration step = Duration.FromMilliseconds(3);
        FleetHarness modelled = new()
        {
            Scheduler = () => new VllmV1Options { MaxBatchedTokens = 128, MaxSequences = 6 }.Create(new(4096, "toy", default)),
            Cost = ToyCost.Constant(step),
        };
        FleetHarness reporting = modelled with { Executor = clock => new ReportingExecutor(clock, step) };
        IReadOnlyList<Request> requests = new RandomRequests { ImpatientShare = 0.1 }.Make(RandomStream.Root((ulong)seed));
        string expected = Departures(modelled.Run(new ScriptedTraffic(requests)));
        Assert.Equal(expected, Departures(reporting.Run(new ScriptedTraffic(requests))));
        Assert.Equal(expected, Departures(reporting.RunLive(new ScriptedTraffic(requests), new ObedientTimeProvider())));
    }

    private static string Departures(FleetOutcome outcome) =>
        string.Join('\n', outcome.Sequences.Select(s => $"{s} {s.Outcome} {s.FirstScheduled} {s.FirstToken} {s.LastToken} {s.End} {s.GeneratedTokens}"));

    /// <summary>Knows no end ahead: a process of its own reports each step when it is over, as a real engine does.</summary>
    private sealed class ReportingExecutor(Clock clock, Duration step) : IStepExecutor
    {
        public int Depth => 1;

        public bool RunsAhead => false;

        public Instant ReadyAt => Instant.Zero;

        public void Start(StepRun run) => clock.Spawn("engine", async () =>
        {
            await clock.Delay(step);
            run.Complete(clock.Now);
        });

        public void Extend(StepRun run) => throw new InvalidOperationException("a run of one step cannot be extended");
    }
}
