using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Calls;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Swap;
using Orrery.Serving.Systems;
using Orrery.Serving.Systems.Andes;
using Orrery.Serving.Systems.BatchLlm;
using Orrery.Serving.Systems.DistServe;
using Orrery.Serving.Systems.FasterTransformer;
using Orrery.Serving.Systems.FastGen;
using Orrery.Serving.Systems.FastSwitch;
using Orrery.Serving.Systems.HfStatic;
using Orrery.Serving.Systems.InferCept;
using Orrery.Serving.Systems.Lamps;
using Orrery.Serving.Systems.NanoFlow;
using Orrery.Serving.Systems.Orca;
using Orrery.Serving.Systems.Priority;
using Orrery.Serving.Systems.RoundRobin;
using Orrery.Serving.Systems.SarathiServe;
using Orrery.Serving.Systems.Splitwise;
using Orrery.Serving.Systems.Trail;
using Orrery.Serving.Systems.VllmV0;
using Orrery.Serving.Systems.VllmV0Chunked;
using Orrery.Serving.Systems.VllmV1;
using Orrery.Serving.Systems.Vtc;
using Orrery.Traffic.Predictors;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Systems;

/// <summary>Random options for every scheduler, tight enough that every limit binds somewhere, and what each promises.</summary>
internal static class RandomSystems
{
    // Tuning the noise takes a while, and trackers carry the state: a few predictors serve every run.
    private static readonly IRemainingPredictor[] Looks =
    [
        .. new RemainingSpec[]
        {
            new(),
            new() { Use = "oracle" },
            new() { Use = "noisy", MeanError = 10, Longest = 100, ReferenceMedian = 30 },
            new() { Use = "noisy", MeanError = 10, Longest = 100, ReferenceMedian = 30, Bins = 8, Smoothing = true },
        }.Select(spec => spec.Create(RandomStream.Root(5))),
    ];

    public static TheoryData<string> Names => [.. Schedulers.Registry.Names];

    public static SchedulerSpec Make(string name, RandomStream random)
    {
        int sequences = 2 + random.NextInt(12);
        int batched = 300 + random.NextInt(300);
        double watermark = random.NextInt(2) * 0.05;
        return name switch
        {
            "hf-static" => new HfStaticOptions { MaxBatchSize = 1 + random.NextInt(8), Timeout = Duration.FromMilliseconds(random.NextInt(3) * 20) },
            "ft" => new FasterTransformerOptions { MaxBatchSize = sequences },
            "orca" => new OrcaOptions { Reservation = (Reservation)random.NextInt(5), MaxBatchSize = sequences, MaxBatchedTokens = batched },
            "vllm-v0" => new VllmV0Options
            {
                MaxBatchedTokens = batched,
                MaxSequences = sequences,
                Watermark = watermark,
                DelayFactor = random.NextInt(3) * 0.7,
            },
            "vllm-v0-chunked" => new VllmV0ChunkedOptions { MaxBatchedTokens = 16 + random.NextInt(300), MaxSequences = sequences, Watermark = watermark },
            "vllm-v1" => new VllmV1Options
            {
                MaxBatchedTokens = 16 + random.NextInt(300),
                MaxSequences = sequences,
                LongPrefillThreshold = random.NextInt(3) == 0 ? 20 + random.NextInt(60) : null,
                MaxPartialPrefills = 1 + random.NextInt(2),
                Policy = random.NextInt(3) == 0 ? QueuePolicy.Priority : QueuePolicy.Fcfs,
            },
            "priority" => new PriorityOptions { MaxBatchedTokens = batched, MaxSequences = sequences, Watermark = watermark },
            "priority-refresh" => new PriorityRefreshOptions
            {
                Frequency = random.NextInt(4) * 0.07,
                Pattern = (PriorityPattern)random.NextInt(2),
                Seed = random.NextInt(9),
                MaxBatchedTokens = batched,
                MaxSequences = sequences,
                Watermark = watermark,
            },
            "trail" => new TrailOptions
            {
                Limit = random.NextInt(5) / 4.0,
                Refine = random.NextInt(3) > 0,
                PredictEvery = random.NextInt(2) == 0 ? 1 : 1 + random.NextInt(12),
                Margin = random.NextInt(3) == 0 ? random.NextInt(20) : 0,
                MaxPreemptions = random.NextInt(3) == 0 ? random.NextInt(3) : null,
                MaxBatchedTokens = 16 + random.NextInt(300),
                MaxSequences = sequences,
                Watermark = watermark,
            },
            "nanoflow" => new NanoFlowOptions
            {
                BatchTokens = 16 + random.NextInt(300),
                MeanPrompt = random.NextInt(2) == 0 ? 60 : null,
                MeanOutput = random.NextInt(3) == 0 ? 40 : null,
                Slack = random.NextInt(3) * 0.2,
                Asynchronous = random.NextInt(4) > 0,
            },
            "lamps" => new LampsOptions
            {
                TokenBudget = 16 + random.NextInt(300),
                MaxSequences = sequences,
                Watermark = watermark,
                Rank = (RankForm)random.NextInt(3),
                RescoreEvery = 1 + random.NextInt(20),
                StarvationThreshold = random.NextInt(4) == 0 ? null : 1 + random.NextInt(60),
                StarvationQuantum = 1 + random.NextInt(100),
                StarvationCount = (StarvationCount)random.NextInt(2),
            },
            "vtc" => new VtcOptions
            {
                MaxBatchedTokens = batched,
                MaxSequences = sequences,
                Lift = random.NextInt(3) > 0,
                Charge = (Charging)random.NextInt(2),
                Cost = (CostFunction)random.NextInt(2),
                Order = random.NextInt(4) == 0 ? ServiceOrder.Arrival : ServiceOrder.Counter,
                ClientWeights = random.NextInt(2) == 0 ? "" : "1, 3, 0.5",
                RequestsPerMinute = random.NextInt(6) == 0 ? 8 : null,
            },
            "sarathi-serve" => new SarathiServeOptions
            {
                TokenBudget = 16 + random.NextInt(300),
                MaxSequences = sequences,
                Watermark = watermark,
                Batching = (Batching)(random.NextInt(2) * random.NextInt(3)),
                DynamicChunks = random.NextInt(3) == 0,
                ChunkHigh = 128,
                ChunkLow = 16 + random.NextInt(40),
                ChunkStages = 1 + random.NextInt(6),
                ChunkScheduleTokens = 300,
            },
            "fastgen" => new FastGenOptions
            {
                TokenBudget = 10 + random.NextInt(300),
                MaxSequences = 2 + random.NextInt(12),
                MaxTrackedSequences = 2 + random.NextInt(20),
            },
            "batchllm" => new BatchLlmOptions
            {
                Groups = random.NextInt(4) > 0,
                Reorder = random.NextInt(3) > 0,
                MemoryBatching = random.NextInt(2) == 0,
                FusedAttention = random.NextInt(3) > 0,
                TokenCap = 16 + random.NextInt(300),
                KvThreshold = 0.7 + (random.NextInt(4) * 0.1),
                TypicalOutput = 1 + random.NextInt(60),
                MaxSequences = sequences,
                Watermark = watermark,
            },
            "andes" => new AndesOptions
            {
                Gain = (Gain)random.NextInt(3),
                Horizon = (Horizon)random.NextInt(3),
                HorizonSteps = 1 + random.NextInt(100),
                HorizonTime = Duration.FromMilliseconds(100 + random.NextInt(5000)),
                MemoryTrigger = random.NextInt(6) == 0 ? 0 : 0.8 + (random.NextInt(3) * 0.1),
                Preemptions = random.NextInt(4) * 0.5,
                Misfit = (Misfit)random.NextInt(2),
                BatchSizes = random.NextInt(4) == 0 ? null : 2 + random.NextInt(3),
                MaxBatchedTokens = batched,
                MaxSequences = 8 + random.NextInt(24),
                Watermark = watermark,
            },
            "round-robin" => new RoundRobinOptions
            {
                Quantum = 1 + random.NextInt(60),
                MaxBatchedTokens = batched,
                MaxSequences = sequences,
                Watermark = watermark,
            },
            "distserve" => new DistServeOptions
            {
                MaxPrompts = 1 + random.NextInt(6),
                MaxPromptTokens = batched,
                MaxDecodes = 1 + random.NextInt(16),
                MaxDecodeTokens = 1 + random.NextInt(16),
            },
            "splitwise" => new SplitwiseOptions { MaxRequests = sequences, MaxTokens = 8 + random.NextInt(400), MaxMisses = random.NextInt(8) },
            _ => throw new ArgumentException($"give {name} random options here", nameof(name)),
        };
    }

    /// <summary>Exact, short or long predictions, the same for a request in every run.</summary>
    public static Func<Request, int> Predictor(RandomStream random)
    {
        int kind = random.NextInt(4);
        return request => kind switch
        {
            0 => request.OutputTokens,
            1 => Math.Max(1, request.OutputTokens / 2),
            2 => request.OutputTokens + 30,
            _ => 1 + (int)(random.Keyed(request.Id, 7) * 90),
        };
    }

    /// <summary>Nothing, the truth, or noise with and without smoothing looks at running requests.</summary>
    public static Func<IRemainingPredictor> Remaining(RandomStream random)
    {
        IRemainingPredictor predictor = Looks[random.NextInt(Looks.Length)];
        return () => predictor;
    }

    /// <summary>Every layout of the KV memory, with room for the longest sequence at least.</summary>
    /// <param name="random">Draws the layout and its options.</param>
    /// <param name="tokens">Tokens that it holds, about.</param>
    /// <param name="longest">Longest sequence.</param>
    /// <param name="cached">Whether equal prefixes are shared.</param>
    /// <param name="text">What was drawn.</param>
    public static Func<IKvMemory> Memory(RandomStream random, int tokens, int longest, bool cached, out string text)
    {
        text = cached ? "cached" : "paged";
        if (cached) return () => new PrefixCachedMemory(tokens / 16, 16);
        switch (random.NextInt(4))
        {
            case 0:
                return () => new PagedMemory(tokens / 16, 16);
            case 3:
                int group = 1 + random.NextInt(12);
                text = $"groups of {group}";
                return () => new BlockGroupMemory(tokens / 16, 16, group);
            case 1:
                text = "reserved";
                return () => new ReservedMemory(tokens / 16, 16, longest);
            default:
                int block = random.NextInt(2) == 0 ? 16 : 64;
                int blocks = (tokens + block - 1) / block;
                int slots = random.NextInt(2) == 0 ? 2 + random.NextInt(6) : 1000;
                MappingRules rules = new(Duration.FromMicroseconds(random.NextInt(4) * 1500), 2, random.NextInt(3) > 0, random.NextInt(2) == 0);
                text = $"mapped {blocks} x {block}, {slots} slots, {rules}";
                return () => new MappedMemory(blocks, block, longest, slots, rules);
        }
    }

    /// <summary>No host pool, or a small one with copies in any mode; never beside a prefix cache.</summary>
    public static Func<KvSwap>? Swap(RandomStream random, SchedulerSpec spec, bool cached)
    {
        if (cached || !spec.TakesKvBack || random.NextInt(2) == 0) return null;
        SwapOptions options = new()
        {
            Out = (CopyMode)random.NextInt(3),
            In = (CopyMode)random.NextInt(3),
            MinBatch = 1 + random.NextInt(3),
            HideFactor = random.NextInt(4),
            Reuse = random.NextInt(2) == 0,
        };
        CopyCosts costs = new(1000, 4, Duration.FromMicroseconds(random.NextInt(60)), 2e7 + random.NextInt(200_000_000));
        long tokens = random.NextInt(1500);
        return () => new KvSwap(options, costs, tokens);
    }

    public static Func<ICallHandling> Calls(RandomStream random, SchedulerSpec spec, bool swaps)
    {
        PausedKv choice = spec.TakesKvBack ? (PausedKv)random.NextInt(swaps ? 3 : 2) : PausedKv.Discard;
        bool first = random.NextInt(2) == 0;
        int kind = spec.TakesKvBack ? random.NextInt(5) : 0;
        CallHandlingSpec? handling = kind switch
        {
            3 => new InferCeptOptions { Waste = (WasteForm)random.NextInt(2), TokenBudget = 16 + random.NextInt(300), ReturnsFirst = first },
            4 => new PredictedOptions { Waste = (WasteForm)random.NextInt(2), TokenBudget = 16 + random.NextInt(300), ReturnsFirst = first },
            _ => null,
        };
        ReplicaFacts facts = new(512, "toy", default);
        return () => handling is null ? new FixedHandling(choice, first) : handling.Create(facts);
    }

    /// <summary>Nothing, the truth, or noise.</summary>
    public static ICallPredictor CallPredictor(RandomStream random) =>
        new CallPredictorSpec { Use = CallPredictorSpec.Kinds[random.NextInt(3)], RelativeError = 0.5, Bins = random.NextInt(2) * 10 }.Create(RandomStream.Root(6));

    /// <summary>Whether requests start in the order of their arrival, whatever the options are.</summary>
    public static bool IsFirstComeFirstServed(SchedulerSpec spec) => spec switch
    {
        PriorityOptions => false,
        PriorityRefreshOptions => false,
        VtcOptions => false,
        TrailOptions => false,
        LampsOptions => false,
        BatchLlmOptions => false,
        AndesOptions => false,
        VllmV1Options options => options.Policy == QueuePolicy.Fcfs,
        _ => true,
    };

    public static int MaxSequences(SchedulerSpec spec) => spec switch
    {
        HfStaticOptions o => o.MaxBatchSize,
        FasterTransformerOptions o => o.MaxBatchSize,
        OrcaOptions o => o.MaxBatchSize,
        VllmV0Options o => o.MaxSequences,
        VllmV0ChunkedOptions o => o.MaxSequences,
        VllmV1Options o => o.MaxSequences!.Value,
        PriorityOptions o => o.MaxSequences,
        PriorityRefreshOptions o => o.MaxSequences,
        VtcOptions o => o.MaxSequences,
        SarathiServeOptions o => o.MaxSequences,
        FastGenOptions o => o.MaxTrackedSequences,
        TrailOptions o => o.MaxSequences,
        LampsOptions o => o.MaxSequences,
        BatchLlmOptions o => o.MostRunning,
        AndesOptions o => o.MaxSequences,
        RoundRobinOptions o => o.MaxSequences,
        NanoFlowOptions => int.MaxValue,
        DistServeOptions => int.MaxValue,
        SplitwiseOptions o => o.MaxRequests,
        _ => throw new ArgumentException(spec.ToString(), nameof(spec)),
    };

    /// <summary>Most tokens of one step, and whether decodes count against them.</summary>
    public static (int Tokens, bool WithDecodes) Budget(SchedulerSpec spec) => spec switch
    {
        OrcaOptions o => (o.MaxBatchedTokens!.Value, false),
        VllmV0Options o => (o.MaxBatchedTokens!.Value, false),
        VllmV0ChunkedOptions o => (o.MaxBatchedTokens, true),
        VllmV1Options o => (o.MaxBatchedTokens!.Value, true),
        PriorityOptions o => (o.MaxBatchedTokens!.Value, false),
        PriorityRefreshOptions o => (o.MaxBatchedTokens!.Value, false),
        VtcOptions o => (o.MaxBatchedTokens!.Value, false),
        SarathiServeOptions o => (o.MaxStepTokens(new(512, "toy", default)), true),
        FastGenOptions o => (o.TokenBudget, true),
        TrailOptions o => (o.MaxBatchedTokens, true),
        LampsOptions o => (o.TokenBudget, true),
        BatchLlmOptions o => (o.TokenCap, true),
        AndesOptions o => (o.MaxBatchedTokens!.Value, false),
        RoundRobinOptions o => (o.MaxBatchedTokens!.Value, false),
        NanoFlowOptions o => (o.BatchTokens, true),
        DistServeOptions o => (o.MaxPromptTokens, false),
        SplitwiseOptions o => (o.MaxTokens, false),
        _ => (int.MaxValue, false),
    };

    public static string Text(SchedulerSpec spec) => YamlText(Schedulers.Registry.ToNode(spec));

    private static string YamlText(Node node) => string.Join(", ", node.Entries.Select(entry => $"{entry.Key}: {(entry.Value.Kind == NodeKind.Null ? "null" : entry.Value.Text)}"));
}
