using Orrery.Kernel.Time;
using Orrery.Serving.Routing;
using Orrery.Serving.Sequences;
using Orrery.Serving.Systems.Splitwise;
using Orrery.Testing.Serving;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Systems;

/// <summary>Iterations and routes of Splitwise that follow by hand from its rules.</summary>
public sealed class SplitwiseTests
{
    [Fact]
    public void PromptsGoFirstAndTheFirstOfThemMayExceedTheTokens()
    {
        PlanLog.Run(new SplitwiseOptions { MaxTokens = 20 }, [(50, 2), (12, 2), (9, 2), (8, 1)], out PlanLog log, knowsOutputs: true);
        // 12 and 9 do not go together, and 8 does not overtake; 12 leaves room for the decode of 0, 9 and 8 for that of 1.
        Assert.Equal(["0:50", "0:1 1:12", "1:1 2:9 3:8", "2:1"], log.Plans);
    }

    [Fact]
    public void ADecodeThatMissedFourIterationsGoesBeforePrompts()
    {
        PlanLog.Run(new SplitwiseOptions { MaxTokens = 10 }, [(10, 3), .. Enumerable.Repeat((10, 1), 8)], out PlanLog log, knowsOutputs: true);
        Assert.Equal(
            ["0:10", "1:10 evicted 1", "2:10", "3:10", "4:10", "0:1 5:10", "0:1 6:10", "7:10", "8:10"],
            log.Plans);
    }

    [Fact]
    public void AllOutputIsSetAsideWhenDecodingStarts()
    {
        // Six blocks of 16: 0 and 1 read 16 tokens each (two blocks with the first output token). 0 sets 16 + 60 aside, which is five; 1 holds two.
        FleetOutcome outcome = PlanLog.Run(new SplitwiseOptions(), [(16, 60), (16, 3)], out PlanLog log, blocks: 7, knowsOutputs: true);
        Assert.Equal("0:16 1:16", log.Plans[0]);
        Assert.Equal("0:1 1:1", log.Plans[1]);
        Assert.Equal(0, outcome.Fleet.Replicas[0].Counters.Preemptions);
        // With six blocks 0 cannot set three more aside before 1 has ended.
        PlanLog.Run(new SplitwiseOptions(), [(16, 60), (16, 3)], out log, blocks: 6, knowsOutputs: true);
        Assert.Equal(["0:16 1:16", "1:1 evicted 1", "1:1", "0:1"], log.Plans.Take(4));
    }

    [Fact]
    public void WhereNobodyCanSetItsOutputAsideTheLastIsComputedAgain()
    {
        FleetOutcome outcome = PlanLog.Run(new SplitwiseOptions(), [(16, 80), (16, 70)], out PlanLog log, blocks: 6);
        // Without a prediction both may produce up to the model's limit, so each wants all the memory.
        Assert.Equal(["0:16 1:16", "evicted 3", "0:1"], log.Plans.Take(3));
        Assert.Equal(2, outcome.Sequences.Count(sequence => sequence.Outcome == Outcome.Finished));
    }

    [Fact]
    public void PoolsLendMachinesAndGetThemBack()
    {
        ReplicaRole[] roles = [ReplicaRole.Prefill, ReplicaRole.Decode, ReplicaRole.Decode];
        ReplicaReport busy = new(Instant.Zero) { TotalBlocks = 100, BlockTokens = 10, Waiting = 1 };
        DistServeTests.Reports fleet = new([busy, busy, busy], roles);
        SplitwiseRouter router = new(pools: true, maxPendingTokens: 500);
        Sequence first = Request(0, 300, 100);
        Assert.Equal(new Route(0, 1), router.Place(first, fleet));
        // 300 + 300 exceed 500: machine 2 has no pending tokens and joins the mixed pool; machine 1 has a pending decode but room.
        // 300 + 300 exceed 500 behind a queue. Memory is reserved least on machine 2, and pending tokens are fewest there: it joins the mixed pool.
        Sequence second = Request(1, 300, 100);
        Assert.Equal(new Route(2, 2), router.Place(second, fleet));
        Assert.Equal(1, router.Borrowed);
        // The mixed pool is as full; machine 1 has room for 400 tokens beside its 400 of 1,000, and is lent too.
        Sequence third = Request(2, 300, 100);
        Assert.Equal(new Route(1, 1), router.Place(third, fleet));
        Assert.Equal(2, router.Borrowed);
        // Nobody is left to lend: the fewest pending tokens, for both phases.
        Sequence fourth = Request(3, 300, 100);
        Assert.Equal(new Route(0, 0), router.Place(fourth, fleet));
        foreach (Sequence sequence in new[] { first, second, fourth })
        {
            router.Prefilled(sequence);
            router.Left(sequence);
        }
        Assert.Equal(1, router.Borrowed);
        router.Left(third);
        Assert.Equal(0, router.Borrowed);
        Assert.Equal(new Route(0, 1), router.Place(Request(4, 300, 100), fleet));
    }

    [Fact]
    public void WithoutPoolsTheFewestPendingTokensRunBothPhases()
    {
        ReplicaReport report = new(Instant.Zero) { TotalBlocks = 100, BlockTokens = 10 };
        DistServeTests.Reports fleet = new([report, report]);
        SplitwiseRouter router = new(pools: false, maxPendingTokens: 500);
        Sequence first = Request(0, 300, 10);
        Assert.Equal(new Route(0, 0), router.Place(first, fleet));
        Assert.Equal(new Route(1, 1), router.Place(Request(1, 100, 10), fleet));
        Assert.Equal(new Route(1, 1), router.Place(Request(2, 100, 10), fleet));
        router.Prefilled(first);
        Assert.Equal(new Route(0, 0), router.Place(Request(3, 100, 10), fleet));
    }

    private static Sequence Request(long id, int prompt, int output) =>
        new(new Request { Id = id, Arrival = Instant.Zero, PromptTokens = prompt, OutputTokens = output }, 1000, output);
}
