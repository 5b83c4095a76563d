using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Calls;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Swap;
using Orrery.Serving.Systems;
using Orrery.Serving.Systems.BatchLlm;
using Orrery.Serving.Systems.FasterTransformer;
using Orrery.Serving.Systems.FastGen;
using Orrery.Serving.Systems.FastSwitch;
using Orrery.Serving.Systems.HfStatic;
using Orrery.Serving.Systems.NanoFlow;
using Orrery.Serving.Systems.Orca;
using Orrery.Serving.Systems.Priority;
using Orrery.Serving.Systems.SarathiServe;
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

    /// <summary>Shared prefixes where there is a cache, else plain blocks or contiguous groups of them.</summary>
    public static Func<IKvMemory> Memory(RandomStream random, int blocks, bool cached)
    {
        int group = random.NextInt(2) == 0 ? 0 : 1 + random.NextInt(12);
        return () => cached ? new PrefixCachedMemory(blocks, 16) : group == 0 ? new PagedMemory(blocks, 16) : new BlockGroupMemory(blocks, 16, group);
    }

    public static Func<ICallHandling> Calls(RandomStream random, SchedulerSpec spec, bool swaps)
    {
        PausedKv choice = spec.TakesKvBack ? (PausedKv)random.NextInt(swaps ? 3 : 2) : PausedKv.Discard;
        bool first = random.NextInt(2) == 0;
        return () => new FixedHandling(choice, first);
    }

    /// <summary>Whether requests start in the order of their arrival, whatever the options are.</summary>
    public static bool IsFirstComeFirstServed(SchedulerSpec spec) => spec switch
    {
        PriorityOptions => false,
        PriorityRefreshOptions => false,
        VtcOptions => false,
        TrailOptions => false,
        BatchLlmOptions => false,
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
        BatchLlmOptions o => o.MostRunning,
        NanoFlowOptions => int.MaxValue,
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
        BatchLlmOptions o => (o.TokenCap, true),
        NanoFlowOptions o => (o.BatchTokens, true),
        _ => (int.MaxValue, false),
    };

    public static string Text(SchedulerSpec spec) => YamlText(Schedulers.Registry.ToNode(spec));

    private static string YamlText(Node node) => string.Join(", ", node.Entries.Select(entry => $"{entry.Key}: {(entry.Value.Kind == NodeKind.Null ? "null" : entry.Value.Text)}"));
}
