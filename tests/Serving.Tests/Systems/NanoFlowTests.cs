using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Systems.NanoFlow;
using Orrery.Serving.Systems.VllmV1;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Traffic.Requests;
using Orrery.World.Catalogue;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Overlap;

namespace Orrery.Serving.Tests.Systems;

public sealed class NanoFlowTests
{
    private static readonly NanoFlowOptions Ten = new() { BatchTokens = 10, MeanPrompt = 10, MeanOutput = 10, Slack = 10, Asynchronous = false };

    private static readonly ReplicaFacts Facts = new(4096, "toy", Bytes.FromGibibytes(80));

    [Fact]
    public void A_step_is_filled_to_exactly_its_size_and_cuts_one_prompt()
    {
        PlanLog.Run(Ten, [(4, 4), (17, 2), (6, 2)], out PlanLog log);
        Assert.Equal(
            [
                "0:4 1:6",
                "0:1 1:9",
                "0:1 1:2 2:6",
                "0:1 1:1 2:1",
            ],
            log.Plans);
    }

    /// <summary>B/(1 + p/d) = 10/(1 + 4/1) = 2 requests at most, although four would fit a step.</summary>
    [Fact]
    public void The_running_set_stays_at_its_target()
    {
        PlanLog.Run(Ten with { MeanPrompt = 4, MeanOutput = 1, Slack = 0 }, [(2, 2), (2, 2), (2, 2), (2, 2)], out PlanLog log);
        Assert.Equal(["0:2 1:2", "0:1 1:1", "2:2 3:2", "2:1 3:1"], log.Plans);
    }

    /// <summary>Five blocks of four: 0 expects 4 + 8 tokens (3 blocks), 1 another 3; they do not fit together, although their prompts would.</summary>
    [Fact]
    public void Admission_looks_at_what_everybody_will_need()
    {
        PlanLog.Run(Ten with { MeanOutput = 8 }, [(4, 2), (4, 2)], out PlanLog log, blocks: 5, blockTokens: 4);
        Assert.Equal(["0:4", "0:1", "1:4", "1:1"], log.Plans);
    }

    [Fact]
    public void Asynchronous_control_pays_one_row_for_each_finished_request()
    {
        List<int> rows = [];
        List<int> tokens = [];
        new FleetHarness
        {
            Scheduler = () => new WatchedScheduler((Ten with { Asynchronous = true }).Create(Facts), (_, _, plan) =>
            {
                rows.Add(plan.PaddingRows);
                tokens.Add(plan.Tokens);
            }),
        }.Run(Requests([(2, 3), (2, 5), (2, 3)]), fastForward: false);
        // 0 and 2 finish in step 3 and are computed once more in step 4; nobody runs any more when 1 has finished in step 5.
        Assert.Equal([0, 0, 0, 2, 0], rows.Take(5));
        Assert.Equal([6, 3, 3, 1, 1], tokens.Take(5));
    }

    [Fact]
    public void An_arrival_is_seen_one_step_late_while_somebody_runs()
    {
        // A step takes 5 ms and 0.1 ms per token: 0 runs in steps that end at 5.4, 10.5, 15.6 …; 1 arrives within the second.
        Sequence Second(bool asynchronous) => new FleetHarness
        {
            Scheduler = () => (Ten with { Asynchronous = asynchronous }).Create(Facts),
            Cost = new Testing.World.ToyCost(Duration.FromMilliseconds(5), Duration.FromMicroseconds(100), default, Duration.FromNanoseconds(1)),
        }.Run(new ScriptedTraffic(
        [
            new() { Id = 0, Arrival = Instant.Zero, PromptTokens = 4, OutputTokens = 20 },
            new() { Id = 1, Arrival = Instant.FromNanoseconds(6_000_000), PromptTokens = 4, OutputTokens = 1 },
        ])).Sequences.Single(s => s.Id == 1);
        Assert.Equal(10_500_000, Second(asynchronous: false).FirstScheduled.Nanoseconds);
        Assert.Equal(15_600_000, Second(asynchronous: true).FirstScheduled.Nanoseconds);
    }

    [Fact]
    public void The_mean_output_counts_those_that_still_run()
    {
        // The assumed mean counts like 256 finished requests: 256 · 20 tokens.
        BatchBalance balance = new(new() { BatchTokens = 100, TypicalOutput = 20 });
        Assert.Equal(100, balance.TargetRequests);
        balance.Arrived(new(new Request { Id = 0, Arrival = Instant.Zero, PromptTokens = 30, OutputTokens = 10 }, 100, 0));
        // 100 / (1 + 30/20).
        Assert.Equal(40, balance.TargetRequests, 12);
        balance.Generated(276);
        Assert.Equal(100 / (1 + (30 / (5396 / 256.0))), balance.TargetRequests, 12);
        balance.Left();
        Assert.Equal(100 / (1 + (30 / (5396 / 257.0))), balance.TargetRequests, 12);
    }

    /// <summary>Any scheduler may run in any style: the overlapped cost keeps fast-forward exact.</summary>
    [Theory]
    [InlineData("llama-3-8b", 1)]
    [InlineData("llama-2-70b", 8)]
    public void Overlapped_steps_fast_forward_exactly(string model, int tensor)
    {
        Deployment deployment = Deployment.Create(Catalog.Model(model), Catalog.Device("a100-sxm-80gb"), new(tensor));
        ICostModel cost = new NanoBatchExecution().Create(deployment);
        RandomStream random = RandomStream.Root(11);
        (int, int)[] lengths = [.. Enumerable.Range(0, 60).Select(_ => (1 + random.NextInt(900), 1 + random.NextInt(120)))];
        foreach (SchedulerSpec spec in new SchedulerSpec[] { new NanoFlowOptions { BatchTokens = 512 }, new VllmV1Options { MaxBatchedTokens = 512, MaxSequences = 400 } })
        {
            FleetHarness harness = new() { Scheduler = () => spec.Create(Facts), Cost = cost, Memory = () => new PagedMemory(4000, 16) };
            FleetOutcome fast = harness.Run(Requests(lengths));
            Assert.Equal(harness.Run(Requests(lengths), fastForward: false).Text, fast.Text);
            Assert.True(fast.Fleet.Replicas[0].Counters.Plans < fast.Fleet.Replicas[0].Counters.Steps);
        }
    }

    [Fact]
    public void The_claims_divide_by_the_optimum_of_the_shipped_profile()
    {
        Deployment large = Deployment.Create(Catalog.Model("llama-2-70b"), Catalog.Device("a100-sxm-80gb"), new(8));
        Deployment small = Deployment.Create(Catalog.Model("llama-3-8b"), Catalog.Device("a100-sxm-80gb"));
        Assert.Equal(1583, OptimalThroughput.TokensPerSecond(large), 0);
        Assert.InRange(OptimalThroughput.TokensPerSecond(small), 13_590, 13_610);
    }

    private static ScriptedTraffic Requests(IReadOnlyList<(int Prompt, int Output)> lengths) =>
        new([.. lengths.Select((r, i) => new Request { Id = i, Arrival = Instant.Zero, PromptTokens = r.Prompt, OutputTokens = r.Output })]);
}
