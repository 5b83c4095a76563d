using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Replicas;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Swap;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Systems;

/// <summary>What must hold after every run and in every plan, for every scheduler over random scenarios.</summary>
public sealed class InvariantTests
{
    private const int Longest = 512;

    public static TheoryData<string> Schedulers => RandomSystems.Names;

    [Theory]
    [MemberData(nameof(Schedulers))]
    public void NothingIsLostAndEveryLimitHolds(string name)
    {
        for (int seed = 1000; seed < 1060; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed);
            SchedulerSpec spec = RandomSystems.Make(name, random.Split("options"));
            string options = $"seed {seed}, {RandomSystems.Text(spec)}";
            IReadOnlyList<Request> requests = new RandomRequests
            {
                ImpatientShare = random.NextInt(2) * 0.15,
                SharedShare = random.NextInt(2) * 0.5,
                Priorities = 1 + random.NextInt(3),
                LimitedShare = random.NextInt(2),
                CallingShare = random.NextInt(3) * 0.3,
                SessionShare = random.NextInt(2) * 0.6,
                MeanGapCells = 2 + random.NextInt(40),
            }.Make(random.Split("requests"));
            int blocks = 34 + random.NextInt(60);
            bool cached = random.NextInt(2) == 0;
            Func<IKvMemory> memory = RandomSystems.Memory(random.Split("memory"), blocks * 16, Longest, cached, out string layout);
            options += $"; {blocks} blocks, {layout}";
            Watcher watcher = new(spec, options);
            Func<KvSwap>? swap = RandomSystems.Swap(random.Split("swap"), spec, cached);
            RandomDrafts? drafts = RandomDrafts.Make(random.Split("drafts"), spec);
            if (drafts is not null) options += $", {drafts.Control}";
            ToyCost cost = new(Duration.FromMilliseconds(2), Duration.FromMicroseconds(50), default, Duration.FromMilliseconds(1), 1 + random.NextInt(2));
            FleetOutcome outcome = new FleetHarness
            {
                Cost = drafts is null ? cost : drafts.CostOf(cost),
                Drafts = drafts is null ? null : () => drafts.Create(cost),
                Scheduler = () => new WatchedScheduler(spec.Create(new(Longest, "toy", default, StepTimes: cost)), watcher.Look),
                Memory = memory,
                Predictor = RandomSystems.Predictor(random.Split("predictor")),
                Remaining = RandomSystems.Remaining(random.Split("remaining")),
                MaxModelTokens = Longest,
                Swap = swap,
                Calls = RandomSystems.Calls(random.Split("calls"), spec, swap is not null),
                CallPredictor = RandomSystems.CallPredictor(random.Split("call-predictor")),
            }.Run(new ScriptedTraffic(requests));
            CheckEnd(outcome, requests, options);
            if (RandomSystems.IsFirstComeFirstServed(spec)) CheckOrder(outcome, options);
        }
    }

    [Theory]
    [InlineData("hf-static")]
    [InlineData("ft")]
    [InlineData("orca")]
    [InlineData("vllm-v0")]
    [InlineData("vllm-v0-chunked")]
    [InlineData("vllm-v1")]
    [InlineData("vtc")]
    [InlineData("sarathi-serve")]
    public void NobodyStarvesUnderAFloodOfShortRequests(string name)
    {
        List<Request> requests = [new() { Id = 0, Arrival = Instant.Zero, PromptTokens = 300, OutputTokens = 100, MaxTokens = 100 }];
        for (int i = 1; i < 400; i++)
            requests.Add(new() { Id = i, Arrival = Instant.FromNanoseconds(i * 2_000_000L), PromptTokens = 20, OutputTokens = 10, MaxTokens = 10, Client = 1 });
        FleetOutcome outcome = new FleetHarness
        {
            Scheduler = () => Orrery.Serving.Systems.Schedulers.Registry.Find(name).Default.Create(new(Longest, "toy", default)),
            Memory = () => new PagedMemory(40, 16),
            MaxModelTokens = Longest,
        }.Run(new ScriptedTraffic(requests));
        // The long request is among the first half to leave: it is never set back for those that came after it.
        Assert.True(outcome.Sequences.Take(200).Any(sequence => sequence.Id == 0), name);
    }

    private static void CheckEnd(FleetOutcome outcome, IReadOnlyList<Request> requests, string options)
    {
        Replica replica = outcome.Fleet.Replicas[0];
        Assert.True(outcome.Sequences.Select(sequence => sequence.Id).Order().SequenceEqual(requests.Select(request => request.Id)), options);
        Assert.Equal(0, replica.LiveRequests);
        Assert.Equal(0, replica.LiveTokens);
        Assert.Equal(0, replica.WaitingRequests);
        Assert.Equal(0, replica.RunningRequests);
        Assert.True(replica.Memory.FreeBlocks == replica.Memory.TotalBlocks, $"{options}: {replica.Memory.UsedBlocks} blocks were never freed");
        if (replica.Swap is { } pool)
        {
            Assert.True(pool.FreeTokens + pool.ParkedTokens == pool.TotalTokens, $"{options}: {pool.TotalTokens - pool.FreeTokens} tokens were left on the host");
            Assert.Equal(pool.ParkedTokens, pool.SpareTokens);
        }
        Assert.True(outcome.Sequences.Sum(sequence => (long)sequence.GeneratedTokens) == replica.Counters.OutputTokens, options);
        Assert.Equal(outcome.Sequences.Sum(sequence => (long)sequence.DraftedTokens), replica.Counters.DraftedTokens);
        Assert.Equal(outcome.Sequences.Sum(sequence => (long)sequence.AcceptedTokens), replica.Counters.AcceptedTokens);
        foreach (Sequence sequence in outcome.Sequences)
        {
            Assert.True(sequence.AcceptedTokens <= sequence.JudgedTokens && sequence.JudgedTokens <= sequence.DraftedTokens, $"{options}: {sequence}");
            Assert.NotEqual(Outcome.Live, sequence.Outcome);
            if (sequence.Outcome == Outcome.Finished) Assert.True(sequence.GeneratedTokens == sequence.Request.OutputTokens, $"{options}: {sequence}");
        }
        Assert.Contains(outcome.Sequences, sequence => sequence.Outcome == Outcome.Finished);
    }

    private static void CheckOrder(FleetOutcome outcome, string options)
    {
        Instant last = Instant.Zero;
        foreach (Sequence sequence in outcome.Sequences.Where(sequence => !sequence.FirstScheduled.IsNever).OrderBy(sequence => sequence.Id))
        {
            Assert.True(sequence.FirstScheduled >= last, $"{options}: {sequence} started before one that came earlier");
            last = sequence.FirstScheduled;
        }
    }

    /// <summary>Looks at every plan.</summary>
    private sealed class Watcher(SchedulerSpec spec, string options)
    {
        private readonly int _maxSequences = RandomSystems.MaxSequences(spec);
        private readonly (int Tokens, bool WithDecodes) _budget = RandomSystems.Budget(spec);

        public void Look(IScheduler scheduler, ReplicaView view, StepPlan plan)
        {
            Assert.True(scheduler.RunningCount <= _maxSequences, $"{options}: {scheduler.RunningCount} running");
            Assert.True(view.Memory.FreeBlocks >= 0 && view.Memory.UsedBlocks + view.Memory.FreeBlocks == view.Memory.TotalBlocks, options);
            int prompts = 0;
            int chunks = 0;
            long held = 0;
            foreach (PlanItem item in plan.Items)
            {
                held += item.Sequence.KvBlocks;
                if (item.Sequence.IsDecoding) continue;
                prompts += item.Tokens;
                chunks++;
            }
            // One prompt alone may exceed a limit on whole prompts: a preempted sequence can have outgrown it.
            if (_budget.WithDecodes) Assert.True(plan.Tokens <= _budget.Tokens, $"{options}: {plan.Tokens} tokens");
            else Assert.True(prompts <= _budget.Tokens || chunks == 1, $"{options}: {prompts} prompt tokens");
            if (!view.Memory.SharesContent) Assert.True(held <= view.Memory.UsedBlocks, options);
        }
    }
}
