using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Routing;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Systems.Llumnix;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Systems;

/// <summary>Freeness by the artefact's forms, and who sends to whom; replicas of 1,000 blocks, of which 10 stay out of the reckoning.</summary>
public sealed class LlumnixTests
{
    private static ReplicaReport Report(int used, int running, int waiting = 0, int waitingBlocks = 0, int urgent = 0, int preempted = 0) => new(Instant.Zero)
    {
        BlockTokens = 16,
        TotalBlocks = 1000,
        UsedBlocks = used,
        Running = running,
        Waiting = waiting,
        WaitingBlocks = waitingBlocks,
        UrgentRequests = urgent,
        PreemptedWaiting = preempted,
        LiveRequests = running + waiting,
    };

    [Fact]
    public void FreenessCountsWhatWaits()
    {
        ReplicaReport report = Report(used: 490, running: 3, waiting: 2, waitingBlocks: 300);
        Assert.Equal((1000 - 490 - 10 - 300) / 5.0, Freeness.ForDispatch(report, isUrgent: false, priorities: true));
        Assert.Equal((1000 - 490 - 10 - 300) / 4.0, Freeness.ForMigration(report, defragments: true, priorities: true));
        Assert.Equal((1000 - 490 - 10) / 3.0, Freeness.ForMigration(report, defragments: false, priorities: true));
        Assert.Equal(double.PositiveInfinity, Freeness.ForDispatch(Report(0, 0), isUrgent: false, priorities: true));
    }

    [Fact]
    public void UrgentRequestsKeepHeadroomToThemselves()
    {
        ReplicaReport with = Report(used: 50, running: 2, urgent: 1);
        ReplicaReport without = with with { UrgentRequests = 0 };
        const double Headroom = 900;
        Assert.Equal((940 - Headroom) / 2, Freeness.ForMigration(with, true, priorities: true));
        Assert.Equal(940 / 2.0, Freeness.ForMigration(with, true, priorities: false));
        // Others keep away from urgent requests, and these gather.
        Assert.Equal((940 - Headroom) / 2, Freeness.ForDispatch(with, isUrgent: false, priorities: true));
        Assert.Equal(940 / 2.0, Freeness.ForDispatch(with, isUrgent: true, priorities: true));
        Assert.Equal((940 - Headroom) / 2, Freeness.ForDispatch(without, isUrgent: true, priorities: true));
        Assert.Equal(940 / 2.0, Freeness.ForDispatch(without, isUrgent: false, priorities: true));
    }

    [Fact]
    public void ADrainingReplicaIsTheFirstSource()
    {
        ReplicaReport draining = Report(used: 10, running: 1) with { IsDraining = true };
        Assert.Equal(-1000, Freeness.ForMigration(draining, true, true));
        Assert.Equal([(1, 2), (0, 3)], Pairs(new(), Report(990, 10), draining, Report(0, 0), Report(100, 1)));
    }

    [Fact]
    public void TheShortestOfMemorySendsToTheFreest()
    {
        // Freeness: 0, (200 − 10)/10 = 19, (400 − 10)/1 = 390, infinite, −1.
        ReplicaReport[] reports = [Report(990, 10), Report(800, 10), Report(600, 1), Report(0, 0), Report(1000, 10)];
        Assert.Equal([(4, 3), (0, 2)], Pairs(new(), reports));
        // A threshold of 20 makes a third source, for which no destination is left.
        Assert.Equal([(4, 3), (0, 2)], Pairs(new() { Threshold = 20 }, reports));
        Assert.Empty(Pairs(new() { Threshold = -2 }, reports));
    }

    [Fact]
    public void WhoPreemptedIsASourceAndWhoHasAQueueNoDestination()
    {
        ReplicaReport preempted = Report(500, 2, waiting: 1, waitingBlocks: 10, preempted: 1);
        ReplicaReport queued = Report(500, 2, waiting: 1, waitingBlocks: 10);
        Assert.Equal([(0, 2)], Pairs(new(), preempted, queued, Report(100, 4)));
        Assert.Empty(Pairs(new(), preempted, queued));
    }

    [Fact]
    public void OnlyWithWhatWaitsInTheReckoningIsRoomMadeForIt()
    {
        ReplicaReport blocked = Report(600, 3, waiting: 1, waitingBlocks: 500);
        Assert.Equal([(0, 1)], Pairs(new(), blocked, Report(300, 3)));
        Assert.Empty(Pairs(new() { Defragments = false }, blocked, Report(300, 3)));
    }

    [Fact]
    public void BalancingAloneStopsWhereAMoveNarrowsNothing()
    {
        LlumnixOptions balance = new() { Defragments = false, Threshold = 100 };
        Assert.Equal([(0, 1)], Pairs(balance, Report(900, 9), Report(100, 1)));
        Assert.Empty(Pairs(balance, Report(800, 2), Report(600, 3)));
    }

    [Fact]
    public void TheLastOrTheShortestOrTheLongestGoesAndNoUrgentOne()
    {
        Sequence[] residents = [Resident(0, 10, 50), Resident(1, 20, 400), Resident(2, 30, 200), Resident(3, 40, 10, priority: -1), Resident(4, 50, 10, generated: 0)];
        Assert.Equal(2, Picked(new()));
        Assert.Equal(3, Picked(new() { Priorities = false }));
        Assert.Equal(0, Picked(new() { First = MovedFirst.Shortest }));
        Assert.Equal(1, Picked(new() { First = MovedFirst.Longest }));

        int Picked(LlumnixOptions options) => (int)new Llumnix(options).Pick(residents, sequence => sequence.Request.PromptTokens)!.Id;
    }

    [Fact]
    public void TheFleetGrowsToTheLevelAndShrinksWhenTheOthersWouldStillBeAboveIt()
    {
        LlumnixScaling scaling = new(new());
        // (2·990 − 1,900) / 20 = 4 is below 10; one more gives (80 + 1,000) / 20.
        Assert.Equal(3, scaling.Desired(new DistServeTests.Reports([Report(950, 10), Report(950, 10)]), default));
        Assert.Equal(2, scaling.Desired(new DistServeTests.Reports([Report(700, 10), Report(700, 10)]), default));
        // Without the last one's 1,000 blocks: (1880 − 1000) / 14 = 62.9 > 60; with 15 requests 58.7.
        Assert.Equal(1, scaling.Desired(new DistServeTests.Reports([Report(50, 7), Report(50, 7)]), default));
        Assert.Equal(2, scaling.Desired(new DistServeTests.Reports([Report(50, 8), Report(50, 7)]), default));
    }

    [Fact]
    public void WhoWasServedBeforeComesBackAloneThoughItHasOutgrownTheWatermark()
    {
        PagedMemory memory = new(100, 16);
        AdmissionLimits limits = new(4096, 8, WatermarkShare: 0.01);
        Sequence fresh = Resident(0, 0, 1599);
        Assert.Equal(1, limits.WatermarkBlocks(memory, fresh, isAlone: true));
        // Its last copy found no room: neither preempted nor moved, it stays with all its KV.
        fresh.FirstScheduled = Instant.FromSeconds(1);
        Assert.Equal(0, limits.WatermarkBlocks(memory, fresh, isAlone: true));
        Assert.Equal(1, limits.WatermarkBlocks(memory, fresh, isAlone: false));
    }

    private static Sequence Resident(int id, double arrivalSeconds, int promptTokens, int priority = 0, int generated = 5) =>
        new(new Request { Id = id, Arrival = Instant.FromSeconds(arrivalSeconds), PromptTokens = promptTokens, OutputTokens = 9, Priority = priority }, 1000, 0) { GeneratedTokens = generated, KvBlocks = 4 };

    private static List<(int From, int To)> Pairs(LlumnixOptions options, params ReplicaReport[] reports)
    {
        List<(int, int)> pairs = [];
        new Llumnix(options).Pair(new DistServeTests.Reports(reports), pairs);
        return pairs;
    }
}
