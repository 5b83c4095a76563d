using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Systems.BatchLlm;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Systems;

/// <summary>BatchLLM: prefixes once, groups in order, memory kept and freed, and offline jobs of every tightness to their end.</summary>
public sealed class BatchLlmTests
{
    private const int Longest = 1024;

    [Fact]
    public void WithPlentyOfMemoryEveryPrefixIsComputedOnce()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            List<Request> requests = Job(RandomStream.Root((ulong)seed), documents: 12, prefixBlocks: 20);
            PrefixCachedMemory memory = new(100_000, 16);
            FleetOutcome outcome = Run(new(), requests, memory);
            long oracle = requests.Sum(request => (long)request.PromptTokens)
                - requests.GroupBy(request => request.Content![0]).Sum(document => (long)document.Key.Tokens * (document.Count() - 1));
            Assert.Equal(oracle, outcome.Fleet.Replicas[0].Counters.PrefillTokens);
            Assert.Equal(0, outcome.Fleet.Replicas[0].Counters.Preemptions);
        }
    }

    [Fact]
    public void MembersFollowTheLeaderThroughThePrefixAndTheNextGroupFillsTheStep()
    {
        // Blocks of 16, a cap of 48: the leader of the first document takes two steps for its 64 tokens; others begin meanwhile.
        List<Request> requests = [Ask(0, 1, 64, 8, 4), Ask(1, 2, 32, 40, 4), Ask(2, 1, 64, 8, 4), Ask(3, 2, 32, 40, 4)];
        List<string> plans = Plans(new() { TokenCap = 48, Reorder = false }, requests);
        Assert.Equal(["0:48", "0:24 1:24", "0:1 1:47", "0:1 1:1 2:8 3:38", "0:1 1:1 2:1 3:2", "1:1 2:1 3:1", "1:1 2:1 3:1", "3:1"], plans);
    }

    [Fact]
    public void DecodeHeavyGroupsGoFirst()
    {
        // With 10 tokens expected of each, R: 10 · 2 / (160 + 2 · 10), 10 / 5, 10 · 2 / (32 + 2 · 4). A cap of 5 keeps starts apart.
        List<Request> requests = [Ask(0, 1, 160, 10, 10), Ask(1, 2, 32, 4, 10), Ask(2, 0, 0, 5, 10), Ask(3, 1, 160, 10, 10), Ask(4, 2, 32, 4, 10)];
        Assert.Equal([2L, 1L, 0L], Order(new() { TokenCap = 5 }).Where(id => id < 3));
        Assert.Equal([0L, 1L, 2L], Order(new() { TokenCap = 5, Reorder = false }).Where(id => id < 3));
        Assert.Equal([2L, 1L, 4L, 0L, 3L], Order(new() { TokenCap = 5, Groups = false }));

        IEnumerable<long> Order(BatchLlmOptions options) => Run(options, requests, new PrefixCachedMemory(1000, 16))
            .Sequences.OrderBy(sequence => sequence.FirstScheduled).ThenBy(sequence => sequence.Id).Select(sequence => sequence.Id);
    }

    [Fact]
    public void APrefixIsFreedWithItsGroup()
    {
        // The first group ends long before the lone request does: of its 20 blocks nothing stays, not even a name.
        List<Request> requests = [Ask(0, 1, 320, 5, 3), Ask(1, 1, 320, 5, 5), Ask(2, 0, 0, 5, 60)];
        PrefixCachedMemory memory = new(1000, 16);
        List<(int Used, int Named)> looks = [];
        Run(new() { Reorder = false }, requests, memory, (_, view, plan) =>
        {
            if (plan.Items.Length == 1 && plan.Items[0].Sequence.Id == 2) looks.Add((view.Memory.UsedBlocks, memory.NamedBlocks));
        });
        Assert.NotEmpty(looks);
        Assert.All(looks, look => Assert.True(look is { Used: <= 5, Named: 0 }));
    }

    [Fact]
    public void ThePinnedPrefixOutlivesALeaderThatEndsAtOnce()
    {
        // One place at a time: between two members nobody holds the prefix but the pin, while the others fill the memory.
        List<Request> requests = [.. Enumerable.Range(0, 6).Select(i => Ask(i, 1, 160, 8, 1))];
        PrefixCachedMemory memory = new(14, 16);
        FleetOutcome outcome = Run(new() { MemoryBatching = false, MaxSequences = 1, Watermark = 0 }, requests, memory);
        Assert.Equal(160 + (6 * 8), outcome.Fleet.Replicas[0].Counters.PrefillTokens);
    }

    [Fact]
    public void TheDecodesOfAGroupReadTheirPrefixOnce()
    {
        List<Request> requests = [.. Enumerable.Range(0, 4).Select(i => Ask(i, 1, 320, 16, 30))];
        FleetOutcome fused = Run(new(), requests, new PrefixCachedMemory(1000, 16));
        FleetOutcome plain = Run(new() { FusedAttention = false }, requests, new PrefixCachedMemory(1000, 16));
        Assert.Equal(plain.Fleet.Replicas[0].Counters.Steps, fused.Fleet.Replicas[0].Counters.Steps);
        // The leader starts at step 1 and decodes alone in step 2; then 28 steps of four and one of three, 320 tokens each; a byte a token here.
        Int128 saved = plain.Fleet.Replicas[0].Counters.MemoryBytes - fused.Fleet.Replicas[0].Counters.MemoryBytes;
        Assert.Equal((Int128)(320 * ((28 * 3) + 2)), saved);
    }

    [Fact]
    public void MemoryAloneLimitsTheBatch()
    {
        List<Request> requests = [.. Enumerable.Range(0, 400).Select(i => Ask(i, 0, 0, 10, 40))];
        Assert.Equal(400, Peak(new(), 10_000));
        Assert.Equal(256, Peak(new() { MemoryBatching = false }, 10_000));
        // 40 output tokens after 10 are 49 in memory, four blocks: 100 · 0.8 blocks hold twenty such, and nobody is preempted.
        Assert.Equal(20, Peak(new() { TypicalOutput = 40, KvThreshold = 0.8 }, 100));

        int Peak(BatchLlmOptions options, int blocks)
        {
            int most = 0;
            FleetOutcome outcome = Run(options, requests, new PrefixCachedMemory(blocks, 16), (scheduler, _, _) => most = Math.Max(most, scheduler.RunningCount));
            Assert.Equal(0, outcome.Fleet.Replicas[0].Counters.Preemptions);
            return most;
        }
    }

    [Fact]
    public void StepsStayFullUntilThePromptsRunOut()
    {
        List<Request> requests = Job(RandomStream.Root(5), documents: 60, prefixBlocks: 10);
        int low = 0;
        int steps = 0;
        Run(new() { TokenCap = 256 }, requests, new PrefixCachedMemory(20_000, 16), (scheduler, _, plan) =>
        {
            if (plan.IsEmpty || scheduler.WaitingCount == 0) return;
            steps++;
            if (plan.Tokens < 256) low++;
        });
        Assert.True(steps > 50 && low == 0, $"{low} of {steps} steps were not full");
    }

    [Fact]
    public void UnknownLengthsAreTheAverageOfThoseThatLeft()
    {
        // Seven blocks: with 100 tokens expected each runs alone; after the first (2 tokens) left two fit.
        List<Request> requests = [Ask(0, 0, 0, 10, 2), Ask(1, 0, 0, 10, 20), Ask(2, 0, 0, 10, 20)];
        int most = 0;
        Instant left = Instant.Never;
        FleetOutcome outcome = Run(new() { TypicalOutput = 100, KvThreshold = 1 }, requests, new PrefixCachedMemory(7, 16), (scheduler, _, _) => most = Math.Max(most, scheduler.RunningCount));
        left = outcome.Sequences.Single(sequence => sequence.Id == 0).End;
        Assert.Equal(2, most);
        Assert.All(outcome.Sequences.Where(sequence => sequence.Id > 0), sequence => Assert.Equal(left, sequence.FirstScheduled));
    }

    /// <summary>Jobs over documents at one instant, memory from hardly enough to plenty, users who leave: fast-forward, conservation, caps.</summary>
    [Fact]
    public void RandomJobsEndAndEqualSingleSteps()
    {
        long preemptions = 0;
        long shared = 0;
        for (int seed = 0; seed < 150; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed);
            BatchLlmOptions options = (BatchLlmOptions)RandomSystems.Make("batchllm", random.Split("options"));
            List<Request> requests = Job(random.Split("job"), documents: 1 + random.NextInt(8), prefixBlocks: 1 + random.NextInt(12), impatient: random.NextInt(2) * 0.15);
            int blocks = 16 + random.NextInt(30);
            string text = $"seed {seed}, {RandomSystems.Text(options)}, {blocks} blocks";
            FleetHarness harness = Harness(options, () => new PrefixCachedMemory(blocks, 16)) with
            {
                Predictor = RandomSystems.Predictor(random.Split("predictor")),
                Cost = new ToyCost(Duration.FromMilliseconds(2), Duration.FromMicroseconds(50), Duration.FromMicroseconds(random.NextInt(20)), Duration.FromMilliseconds(1), random.NextInt(4) == 0 ? 2 : 1),
            };
            FleetOutcome fast = harness.Run(new ScriptedTraffic(requests));
            FleetOutcome single = harness.Run(new ScriptedTraffic(requests), fastForward: false);
            Assert.True(fast.Text == single.Text, text);
            Assert.True(fast.Sequences.Count == requests.Count, text);
            Assert.All(fast.Sequences, sequence => Assert.True(sequence.Outcome != Outcome.Finished || sequence.GeneratedTokens == sequence.Request.OutputTokens, text));
            Assert.True(fast.Fleet.Replicas[0].Memory.UsedBlocks == 0, $"{text}: {fast.Fleet.Replicas[0].Memory.UsedBlocks} blocks were never freed");
            Assert.True(fast.Fleet.Replicas[0].RunningRequests == 0 && fast.Fleet.Replicas[0].WaitingRequests == 0, text);
            preemptions += fast.Fleet.Replicas[0].Counters.Preemptions;
            shared += fast.Sequences.Sum(sequence => sequence.CachedTokens);
        }
        Assert.True(preemptions > 100 && shared > 10_000, $"{preemptions} preemptions, {shared} tokens shared");
    }

    private static List<Request> Job(RandomStream random, int documents, int prefixBlocks, double impatient = 0)
    {
        List<Request> requests = [];
        for (int document = 1; document <= documents; document++)
        {
            int prefix = 16 * (1 + random.NextInt(prefixBlocks));
            int degree = 1 + random.NextInt(6);
            for (int i = 0; i < degree; i++)
            {
                Request request = Ask(0, (ulong)document, prefix, 1 + random.NextInt(60), 1 + random.NextInt(60));
                bool leaves = random.NextDouble() < impatient;
                requests.Add(leaves ? With(request, 0, Duration.FromMilliseconds(1 + random.NextInt(400))) : request);
            }
        }
        for (int i = requests.Count - 1; i > 0; i--)
        {
            int other = random.NextInt(i + 1);
            (requests[i], requests[other]) = (requests[other], requests[i]);
        }
        return [.. requests.Select((request, i) => With(request, i, request.CancelAfter))];
    }

    private static Request With(Request request, long id, Duration cancelAfter) => new()
    {
        Id = id,
        Arrival = request.Arrival,
        PromptTokens = request.PromptTokens,
        OutputTokens = request.OutputTokens,
        Content = request.Content,
        CancelAfter = cancelAfter,
    };

    private static Request Ask(long id, ulong document, int prefix, int own, int output) => new()
    {
        Id = id,
        Arrival = Instant.Zero,
        PromptTokens = prefix + own,
        OutputTokens = output,
        Content = prefix == 0 ? null : [new TokenSpan(document, prefix)],
    };

    private static List<string> Plans(BatchLlmOptions options, IReadOnlyList<Request> requests)
    {
        List<string> plans = [];
        Run(options, requests, new PrefixCachedMemory(1000, 16), (_, _, plan) =>
        {
            if (!plan.IsEmpty) plans.Add(string.Join(' ', plan.Items.ToArray().OrderBy(item => item.Sequence.Id).Select(item => $"{item.Sequence.Id}:{item.Tokens}")));
        });
        return plans;
    }

    private static FleetOutcome Run(BatchLlmOptions options, IReadOnlyList<Request> requests, PrefixCachedMemory memory, Action<IScheduler, ReplicaView, StepPlan>? look = null)
    {
        FleetHarness harness = Harness(options, () => memory);
        if (look is not null) harness = harness with { Scheduler = () => new WatchedScheduler(options.Create(new(Longest, "toy", default)), look) };
        return harness.Run(new ScriptedTraffic(requests), fastForward: look is null);
    }

    private static FleetHarness Harness(BatchLlmOptions options, Func<IKvMemory> memory) => new()
    {
        Scheduler = () => options.Create(new(Longest, "toy", default)),
        Memory = memory,
        MaxModelTokens = Longest,
    };
}
