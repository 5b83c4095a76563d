using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Swap;
using Orrery.Serving.Tests.Systems;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Memory;

/// <summary>
/// What a real engine would find in the physical blocks: every step of every scheduler attends to its sequence's own tokens, whatever was
/// shared, evicted, preempted or swapped before, and at the end nothing is lost.
/// </summary>
public sealed class PhysicalBlocksTests
{
    private const int Longest = 512;

    public static TheoryData<string> Schedulers => RandomSystems.Names;

    [Theory]
    [MemberData(nameof(Schedulers))]
    public void Every_step_finds_its_own_tokens(string name)
    {
        for (int seed = 0; seed < 24; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed).Split("physical").Split(name);
            SchedulerSpec spec = RandomSystems.Make(name, random.Split("options"));
            bool cached = random.NextInt(2) == 0;
            int blocks = 34 + random.NextInt(50);
            Store store = new(blocks, cached, random.NextInt(3), spec, random.Split("swap"));
            FleetHarness harness = new()
            {
                Scheduler = () => spec.Create(new(Longest, "toy", default, StepTimes: ToyCost.Constant(Duration.FromMilliseconds(10)))),
                Memory = () => store.Memory,
                Executor = _ => store,
                Swap = store.Swap is null ? null : () => store.Swap,
                Calls = RandomSystems.Calls(random.Split("calls"), spec, store.Swap is not null),
                Predictor = RandomSystems.Predictor(random.Split("predictor")),
                Remaining = RandomSystems.Remaining(random.Split("remaining")),
                MaxModelTokens = Longest,
            };
            IReadOnlyList<Request> requests = new RandomRequests
            {
                ImpatientShare = 0.1,
                SharedShare = cached ? 0.7 : 0,
                Priorities = 3,
                CallingShare = random.NextInt(2) * 0.3,
                MeanGapCells = 2 + random.NextInt(40),
            }.Make(random.Split("requests"));
            FleetOutcome outcome = harness.Run(new ScriptedTraffic(requests));
            Assert.True(outcome.Fleet.Live == 0, $"seed {seed}: {outcome.Fleet.Live} live");
            Assert.True(store.Memory.FreeBlocks == blocks, $"seed {seed}: {blocks - store.Memory.FreeBlocks} blocks still counted");
            int kept = (store.Memory as PrefixCachedMemory)?.NamedBlocks ?? 0;
            Assert.True(store.Pages.Free + kept == blocks, $"seed {seed}: {store.Pages.Free} free and {kept} kept of {blocks} blocks");
            Assert.True(store.HostCopies == 0, $"seed {seed}: {store.HostCopies} host copies left");
        }
    }

    [Fact]
    public void A_write_to_a_foreign_block_would_be_noticed()
    {
        Store store = new(40, cached: false, 0, RandomSystems.Make("vllm-v1", RandomStream.Root(1)), RandomStream.Root(1));
        Sequence one = new(new() { Id = 1, Arrival = Instant.Zero, PromptTokens = 20, OutputTokens = 5 }, 5, 0);
        Assert.True(store.Memory.TryGrow(one, 20));
        store.Write(one, 0, 20);
        store.Verify(one, 20);
        store.Spoil(one, 17);
        Assert.Throws<InvalidOperationException>(() => store.Verify(one, 20));
    }

    /// <summary>The blocks of one replica, with a mark of each token in them.</summary>
    private sealed class Store : IStepExecutor, IKvCopies
    {
        private const int BlockTokens = 16;

        private readonly ModelledExecutor _inner = new(ToyCost.Constant(Duration.FromMilliseconds(10)));
        private readonly (ulong, long)[] _content;
        private readonly Dictionary<Sequence, (ulong, long)[]> _host = [];

        public Store(int blocks, bool cached, int layout, SchedulerSpec spec, RandomStream random)
        {
            Pages = new(blocks);
            _content = new (ulong, long)[blocks * BlockTokens];
            Memory = cached ? new PrefixCachedMemory(blocks, BlockTokens, Pages) : new PhysicalMemory(layout switch
            {
                0 => new PagedMemory(blocks, BlockTokens),
                1 => new ReservedMemory(blocks, BlockTokens, Longest),
                _ => new BlockGroupMemory(blocks, BlockTokens, 1 + random.NextInt(8)),
            }, Pages);
            if (cached || !spec.TakesKvBack || random.NextInt(3) == 0) return;
            SwapOptions options = new() { Out = (CopyMode)random.NextInt(3), In = (CopyMode)random.NextInt(3), MinBatch = 1, Reuse = random.NextInt(2) == 0 };
            Swap = new(options, new(1000, 4, Duration.Zero, 1e12), random.NextInt(1500)) { Copies = this };
        }

        public KvPages Pages { get; }

        public IKvMemory Memory { get; }

        public KvSwap? Swap { get; }

        public int HostCopies => _host.Count;

        public int Depth => 1;

        public bool RunsAhead => false;

        public Instant ReadyAt => Instant.Zero;

        public void Start(StepRun run)
        {
            foreach (ref readonly PlanItem item in run.Plan.Items) Write(item.Sequence, item.Sequence.ComputedTokens, item.Sequence.ComputedTokens + item.Tokens);
            foreach (ref readonly PlanItem item in run.Plan.Items) Verify(item.Sequence, item.Sequence.ComputedTokens + item.Tokens);
            _inner.Start(run);
        }

        public void Extend(StepRun run) => _inner.Extend(run);

        public void Write(Sequence sequence, int from, int to)
        {
            for (int token = from; token < to; token++) At(sequence, token) = Mark(sequence, token);
        }

        public void Verify(Sequence sequence, int tokens)
        {
            for (int token = 0; token < tokens; token++)
                if (At(sequence, token) != Mark(sequence, token)) throw new InvalidOperationException($"{sequence} finds {At(sequence, token)} as token {token} of {tokens} and not {Mark(sequence, token)}");
        }

        public void Spoil(Sequence sequence, int token) => At(sequence, token) = (99, 99);

        public void Out(Sequence sequence, int fromToken, int toToken)
        {
            _host.TryGetValue(sequence, out (ulong, long)[]? copy);
            Array.Resize(ref copy, toToken);
            for (int token = fromToken; token < toToken; token++) copy[token] = At(sequence, token);
            _host[sequence] = copy;
        }

        public void In(Sequence sequence)
        {
            for (int token = 0; token < sequence.ComputedTokens; token++) At(sequence, token) = _host[sequence][token];
        }

        public void Drop(Sequence sequence)
        {
            if (sequence.HostTokens == 0) _host.Remove(sequence);
        }

        private ref (ulong, long) At(Sequence sequence, int token) => ref _content[(Pages.Of(sequence)[token / BlockTokens] * BlockTokens) + (token % BlockTokens)];

        private static (ulong, long) Mark(Sequence sequence, int token)
        {
            int start = 0;
            foreach (TokenSpan span in sequence.PromptSpans)
            {
                if (token < Math.Min(start + span.Tokens, sequence.PromptTokens)) return (span.ContentId + (ulong)(sequence.Adapter + 1), token - start);
                start += span.Tokens;
            }
            ulong output = sequence.Request.OutputContentId;
            if (token >= sequence.PromptTokens && output != 0) return (output + (ulong)(sequence.Adapter + 1), token - sequence.PromptTokens);
            return (0, (sequence.Id * 100_000) + token);
        }
    }
}
