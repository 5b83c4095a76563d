using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;
using Orrery.Serving.Systems.Vtc;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Systems;

/// <summary>
/// The paper's two clients: 1.5 and 3 requests per second, prompts and outputs of 256 tokens, on a replica that serves about two per
/// second, so both are soon backlogged.
/// </summary>
public sealed class VtcTests
{
    private const int KvBlocks = 320;
    private const int Length = 256;
    private const double BackloggedFrom = 20;
    private const double BackloggedUntil = 100;

    [Theory]
    [InlineData("", 1)]
    [InlineData("1, 2", 2)]
    [InlineData("1.5, 1", 1 / 1.5)]
    public void BackloggedClientsAreServedByWeight(string weights, double ratio)
    {
        double served = ServiceRatio(new VtcOptions { ClientWeights = weights }, out _);
        Assert.InRange(served / ratio, 0.9, 1.1);
    }

    [Theory]
    [InlineData(Charging.Predicted, CostFunction.Weighted)]
    [InlineData(Charging.Generated, CostFunction.Profiled)]
    [InlineData(Charging.Predicted, CostFunction.Profiled)]
    public void VariantsAreFairToo(Charging charging, CostFunction cost) =>
        Assert.InRange(ServiceRatio(new VtcOptions { Charge = charging, Cost = cost }, out _), 0.9, 1.1);

    [Fact]
    public void FirstComeFirstServedFavoursTheBusyClient() =>
        Assert.InRange(ServiceRatio(new VtcOptions { Order = ServiceOrder.Arrival }, out _), 1.8, 2.2);

    [Fact]
    public void TheFairnessBoundHolds()
    {
        ServiceRatio(new VtcOptions(), out double worst);
        Assert.InRange(worst, 1, 2 * Math.Max(VtcOptions.DefaultInputWeight * Length, VtcOptions.DefaultOutputWeight * KvBlocks * 16));
    }

    [Fact]
    public void ARateLimitHoldsRequestsUntilTheNextMinute()
    {
        List<Request> requests = [.. Enumerable.Range(0, 5).Select(i => NewRequest(i, 0, 0.001 * i))];
        FleetOutcome outcome = Harness(new VtcOptions { RequestsPerMinute = 2 }, _ => { }).Run(new ScriptedTraffic(requests));
        Assert.Equal([0, 0, 1, 1, 2], outcome.Sequences.OrderBy(sequence => sequence.Id).Select(sequence => (int)(sequence.FirstScheduled.Nanoseconds / 60_000_000_000)));
    }

    [Fact]
    public void ARateLimitCountsAPreemptedRequestOnce()
    {
        // Both are believed to be short, and memory holds only one of them to its end: the second is evicted and comes back within the minute.
        List<Request> requests = [.. Enumerable.Range(0, 2).Select(i => NewRequest(i, 0, 0))];
        FleetHarness harness = Harness(new VtcOptions { RequestsPerMinute = 2 }, _ => { }) with
        {
            Memory = () => new PagedMemory(40, 16),
            Predictor = _ => 1,
        };
        FleetOutcome outcome = harness.Run(new ScriptedTraffic(requests));
        Assert.Equal(1, outcome.Fleet.Replicas[0].Counters.Preemptions);
        Assert.All(outcome.Sequences, sequence => Assert.InRange(sequence.End.Seconds, 0, 59));
    }

    [Fact]
    public void AClientThatComesBackIsLiftedToTheOthers()
    {
        // Client 0 is served alone for long; client 1 then comes with a backlog of its own. Without the lift it would be served alone
        // until it has caught up, with it both share at once.
        List<Request> requests = [];
        for (int i = 0; i < 400; i++) requests.Add(NewRequest(i, i < 200 ? 0 : i % 2, i < 200 ? 0.2 * i : 40));
        int ServedOfClient0(bool lift)
        {
            int served = 0;
            Harness(new VtcOptions { Lift = lift }, sequence => served += sequence.Client == 0 && sequence.End.Nanoseconds is > 45_000_000_000 and < 65_000_000_000 ? 1 : 0)
                .Run(new ScriptedTraffic(requests));
            return served;
        }

        Assert.True(ServedOfClient0(lift: true) > 2 * ServedOfClient0(lift: false) + 5, $"{ServedOfClient0(true)} and {ServedOfClient0(false)}");
    }

    /// <summary>Requests of client 1 that finished per request of client 0 while both had a queue.</summary>
    private static double ServiceRatio(VtcOptions options, out double worstDifference)
    {
        List<Request> requests = [];
        for (int i = 0; i < 300; i++)
        {
            requests.Add(NewRequest(requests.Count, 1, i / 3.0));
            if (i % 2 == 0) requests.Add(NewRequest(requests.Count, 0, i / 3.0));
        }
        int[] finished = new int[2];
        ServiceMeter meter = new();
        Harness(options, sequence => finished[sequence.Client] += IsBacklogged(sequence.End) ? 1 : 0, meter).Run(new ScriptedTraffic(requests));
        worstDifference = meter.WorstDifference;
        return (double)finished[1] / finished[0];
    }

    private static bool IsBacklogged(Instant at) => at.Nanoseconds / 1e9 is >= BackloggedFrom and < BackloggedUntil;

    private static Request NewRequest(int id, int client, double seconds) => new()
    {
        Id = id,
        Client = client,
        Arrival = Instant.FromNanoseconds((long)(seconds * 1e9)),
        PromptTokens = Length,
        OutputTokens = Length,
        MaxTokens = Length,
    };

    private static FleetHarness Harness(VtcOptions options, Action<Sequence> onLeft, ServiceMeter? meter = null) => new()
    {
        Scheduler = () => new WatchedScheduler(options.Create(new(4096, "toy", default)), (_, view, plan) => meter?.Look(view.Now, plan)),
        Memory = () => new PagedMemory(KvBlocks, 16),
        Predictor = request => request.OutputTokens,
        OnLeft = onLeft,
        Cost = new ToyCost(Duration.FromMilliseconds(15), Duration.FromMicroseconds(100), default, Duration.FromNanoseconds(1)),
    };

    /// <summary>Service received by both clients since both are backlogged, w_in = 1 and w_out = 2.</summary>
    private sealed class ServiceMeter
    {
        private readonly HashSet<Sequence> _seen = [];
        private long? _atStart;

        public double WorstDifference { get; private set; }

        public void Look(Instant now, StepPlan plan)
        {
            foreach (PlanItem item in plan.Items) _seen.Add(item.Sequence);
            if (!IsBacklogged(now)) return;
            long difference = _seen.Sum(sequence => (sequence.Client == 0 ? 1L : -1L) * (sequence.PromptTokens + 2L * sequence.GeneratedTokens));
            _atStart ??= difference;
            WorstDifference = Math.Max(WorstDifference, Math.Abs(difference - _atStart.Value));
        }
    }
}
