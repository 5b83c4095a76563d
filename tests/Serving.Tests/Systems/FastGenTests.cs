using Orrery.Serving.Systems.FastGen;
using Orrery.Testing.Serving;

namespace Orrery.Serving.Tests.Systems;

/// <summary>Plans of FastGen that follow by hand from its loop.</summary>
public sealed class FastGenTests
{
    [Fact]
    public void GenerationComesFirstAndPassesAreFull()
    {
        PlanLog.Run(new FastGenOptions { TokenBudget = 10 }, [(4, 4), (17, 2), (6, 2)], out PlanLog log);
        Assert.Equal(["0:4 1:6", "0:1 1:9", "0:1 1:2 2:6", "0:1 1:1 2:1"], log.Plans);
    }

    [Fact]
    public void WhoDoesNotFitAPassGoesFirstInTheNext()
    {
        PlanLog.Run(new FastGenOptions { TokenBudget = 10, MaxSequences = 2 }, [(2, 3), (2, 3), (2, 3)], out PlanLog log);
        Assert.Equal(["0:2 1:2", "0:1 1:1", "0:1 1:1", "2:2", "2:1", "2:1"], log.Plans);
        // A budget of two generations for three.
        PlanLog.Run(new FastGenOptions { TokenBudget = 2 }, [(1, 3), (1, 3), (1, 3)], out log);
        Assert.Equal(["0:1 1:1", "0:1 1:1", "0:1 1:1", "2:1", "2:1", "2:1"], log.Plans);
    }

    [Fact]
    public void TheWholePromptMustFitAlthoughOnlyASliceIsTaken()
    {
        // Ten blocks of 16: 0 holds three with its slice of 48. Its rest would need five more; 1 with 112 tokens is not even looked at
        // before 0 has its last slice, and then needs seven blocks of the two that are left.
        PlanLog.Run(new FastGenOptions { TokenBudget = 48 }, [(120, 2), (112, 1)], out PlanLog log, blocks: 10);
        Assert.Equal(["0:48", "0:48", "0:24", "0:1", "1:48", "1:48", "1:16"], log.Plans);
    }

    [Fact]
    public void WhoFindsNoBlockIsLeftOutAndThenTheLastIsFlushed()
    {
        // Five blocks of 4. Both hold two; the third block goes to 0, 1 is left out until 0 needs a fourth, and nothing can be scheduled:
        // the last of the buffer, 0 (it came back after 1), is flushed with its 8 + 5 tokens.
        FleetOutcome outcome = PlanLog.Run(new FastGenOptions { TokenBudget = 16 }, [(8, 6), (8, 3)], out PlanLog log, blocks: 5, blockTokens: 4);
        Assert.Equal(["0:8 1:8", "0:1", "0:1", "0:1", "0:1", "evicted 1", "1:1", "1:1", "0:13"], log.Plans);
        Assert.Equal(1, outcome.Fleet.Replicas[0].Counters.Preemptions);
    }

    [Fact]
    public void OnlySoManyAreTracked()
    {
        PlanLog.Run(new FastGenOptions { TokenBudget = 10, MaxTrackedSequences = 1 }, [(2, 2), (2, 2)], out PlanLog log);
        Assert.Equal(["0:2", "0:1", "1:2", "1:1"], log.Plans);
    }
}
