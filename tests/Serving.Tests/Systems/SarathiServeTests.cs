using Orrery.Kernel.Time;
using Orrery.Serving.Systems.SarathiServe;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.World.Catalogue;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Steps;

namespace Orrery.Serving.Tests.Systems;

/// <summary>Plans of Sarathi-Serve that follow by hand from its loop.</summary>
public sealed class SarathiServeTests
{
    private static readonly SarathiServeOptions Budget10 = new() { TokenBudget = 10 };

    [Fact]
    public void DecodesComeFirstAndSlicesFillTheBudget()
    {
        PlanLog.Run(Budget10, [(4, 4), (17, 2), (6, 2)], out PlanLog log);
        Assert.Equal(
            [
                "0:4 1:6", // whole prompt of 0, and 6 of the 17 of 1
                "0:1 1:9", // a decode, then the partial prompt
                "0:1 1:2 2:6", // the last 2 of it, then the whole prompt of 2
                "0:1 1:1 2:1",
            ],
            log.Plans);
    }

    [Fact]
    public void TheQueuesHeadBlocks()
    {
        // Ten blocks of 16 tokens, one to be left free: 0 takes six, 1 needs five and waits, and 2, which would fit, waits behind it.
        PlanLog.Run(new SarathiServeOptions { TokenBudget = 200, Watermark = 0.1 }, [(96, 1), (80, 1), (10, 1)], out PlanLog log, blocks: 10);
        Assert.Equal(["0:96", "1:80 2:10"], log.Plans);
    }

    [Fact]
    public void AnAdmissionTakesTheWholePromptsMemory()
    {
        // 0 takes eight of ten blocks with its first slice; 1 needs three and must wait although only two blocks are filled yet.
        PlanLog.Run(new SarathiServeOptions { TokenBudget = 64, Watermark = 0 }, [(120, 1), (40, 1)], out PlanLog log, blocks: 10);
        Assert.Equal(["0:64", "0:56", "1:40"], log.Plans);
    }

    [Fact]
    public void TheNewestIsRecomputedWithItsOutput()
    {
        // Four blocks of 4. 0 needs a third block after its fifth token: 1 goes with 7 + 1 tokens, and comes back when 0 has left.
        PlanLog.Run(new SarathiServeOptions { TokenBudget = 16, Watermark = 0 }, [(8, 4), (7, 4)], out PlanLog log, blocks: 4, blockTokens: 4);
        Assert.Equal(["0:8 1:7", "0:1 evicted 1", "0:1", "0:1", "1:8", "1:1", "1:1"], log.Plans);
    }

    [Fact]
    public void ChunkingOnlyTakesTurns()
    {
        PlanLog.Run(Budget10 with { Batching = Batching.ChunkingOnly }, [(4, 4), (17, 2)], out PlanLog log);
        Assert.Equal(["0:4 1:6", "0:1", "1:10", "0:1", "1:1", "0:1 1:1"], log.Plans);
    }

    [Fact]
    public void HybridOnlyCutsNoPrompt()
    {
        PlanLog.Run(Budget10 with { Batching = Batching.HybridOnly }, [(4, 3), (3000, 2)], out PlanLog log);
        Assert.Equal(["0:4 1:3000", "0:1 1:1", "0:1"], log.Plans);
    }

    [Fact]
    public void LaterSlicesOfALongPromptAreSmaller()
    {
        SarathiServeOptions falling = new() { DynamicChunks = true, ChunkHigh = 64, ChunkLow = 32, ChunkStages = 2, ChunkScheduleTokens = 128 };
        PlanLog.Run(falling, [(160, 1)], out PlanLog log);
        Assert.Equal(["0:64", "0:32", "0:32", "0:32"], log.Plans);
    }

    [Fact]
    public void PipelineStagesHoldDisjointSteps()
    {
        FleetOutcome outcome = PlanLog.Run(Budget10, [(4, 3), (8, 3)], out PlanLog log, stages: 2);
        Assert.Equal("0:4 1:6", log.Plans[0]);
        Assert.DoesNotContain(log.Plans.Take(2), plan => plan.Contains("0:1", StringComparison.Ordinal) && plan.Contains("0:4", StringComparison.Ordinal));
        Assert.Equal(6, outcome.Fleet.Replicas[0].Counters.OutputTokens);
    }

    [Fact]
    public void ABudgetFullOfDecodesAdmitsNobody()
    {
        PlanLog.Run(new SarathiServeOptions { TokenBudget = 4 }, [(1, 3), (1, 3), (1, 3), (1, 3), (1, 3)], out PlanLog log);
        Assert.Equal(["0:1 1:1 2:1 3:1", "0:1 1:1 2:1 3:1", "0:1 1:1 2:1 3:1", "4:1", "4:1", "4:1"], log.Plans);
    }

    [Theory]
    [InlineData(4096, 512)]
    [InlineData(2048, 256)]
    [InlineData(8192, 8192)]
    public void SlicesReadTheHistoryAgain(int prompt, int slice)
    {
        Deployment deployment = Deployment.Create(Catalog.Model("llama-3.1-8b"), Catalog.Device("a100-sxm-80gb"), new ParallelPlan());
        RooflineCost cost = new(deployment);
        FleetOutcome outcome = new FleetHarness
        {
            Scheduler = () => new SarathiServeOptions { TokenBudget = slice }.Create(new(16_384, "toy", default)),
            Cost = cost,
            MaxModelTokens = 16_384,
        }.Run(new ScriptedTraffic([new() { Id = 0, Arrival = Instant.Zero, PromptTokens = prompt, OutputTokens = 1 }]));

        // What the same slices would move if none had a history.
        Int128 withoutHistory = 0;
        StepCost step = cost.CreateStep();
        StepShape shape = new();
        for (int i = slice; i <= prompt; i += slice)
        {
            shape.Clear();
            shape.AddChunk(new(slice, 0, Finishes: i == prompt));
            step.Prepare(shape);
            withoutHistory += step.MemoryBytesAt(0);
        }
        // kv·P(P − c)/(2c) with kv = 2 · layers · KV heads · head width · bytes.
        const long kv = 2L * 32 * 8 * 128 * 2;
        Assert.Equal((Int128)kv * prompt * (prompt - slice) / (2 * slice), outcome.Fleet.Replicas[0].Counters.MemoryBytes - withoutHistory);
    }
}
