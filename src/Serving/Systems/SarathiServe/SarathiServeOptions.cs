using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Systems.VllmV0;

namespace Orrery.Serving.Systems.SarathiServe;

/// <summary>Which of the two ideas is on: the paper's ablations.</summary>
public enum Batching
{
    /// <summary>Both: slices of prompts ride with decodes under the budget.</summary>
    StallFree,

    /// <summary>Hybrid batching only: the budget is the model's longest sequence, so prompts are hardly ever cut.</summary>
    HybridOnly,

    /// <summary>Chunking only ("simple chunking"): a step of slices and a step of decodes take turns.</summary>
    ChunkingOnly,
}

/// <summary>Options of Sarathi-Serve, with the values of its paper and code.</summary>
public sealed record SarathiServeOptions : SchedulerSpec
{
    /// <summary>Token budget under the strict goals of the paper (b); 2048 under the relaxed ones.</summary>
    public const int DefaultTokenBudget = 512;

    /// <summary>Running sequences in the capacity study (b, stated for its baseline vLLM).</summary>
    public const int DefaultSequences = 128;

    /// <summary>First and largest size of the falling schedule (code, b).</summary>
    public const int DefaultChunkHigh = 2048;

    /// <summary>Last and smallest size of the falling schedule (code, b).</summary>
    public const int DefaultChunkLow = 128;

    /// <summary>Number of sizes of the falling schedule (code, b).</summary>
    public const int DefaultChunkStages = 16;

    /// <summary>Prompt tokens over which the sizes fall (code, b).</summary>
    public const int DefaultChunkScheduleTokens = 131_072;

    /// <summary>More stages than this would only be a mistake.</summary>
    private const int MostChunkStages = 4096;

    /// <summary>Sizes of the falling schedule are multiples of this (code, b).</summary>
    public const int ChunkMultiple = 32;

    public static readonly OptionSet<SarathiServeOptions> Set = new OptionSet<SarathiServeOptions>()
        .Int("tokenBudget", o => o.TokenBudget, (o, v) => o with { TokenBudget = v },
            "most tokens of one step, decodes counted first; 512 under strict and 2048 under relaxed goals; best a multiple of the GEMM tile (128 or 256)",
            "Sarathi-Serve (b)")
        .Int("maxSequences", o => o.MaxSequences, (o, v) => o with { MaxSequences = v }, "most running sequences, partial prompts included",
            "Sarathi-Serve's capacity study (b)")
        .Number("watermark", o => o.Watermark, (o, v) => o with { Watermark = v },
            "share of all KV blocks that an admission must leave free", "Sarathi-Serve code (b)", max: 0.5)
        .Choice<Batching>("batching", o => o.Batching, (o, v) => o with { Batching = v },
            "stall-free, or an ablation: hybrid-only (the budget is the model's limit), chunking-only (prompt steps and decode steps take turns)",
            "Sarathi-Serve code (b)")
        .Bool("dynamicChunks", o => o.DynamicChunks, (o, v) => o with { DynamicChunks = v },
            "the budget of a prompt's slice falls as the prompt grows, because its attention costs more; replaces tokenBudget",
            "Sarathi-Serve code (b)")
        .Int("chunkHigh", o => o.ChunkHigh, (o, v) => o with { ChunkHigh = v }, "dynamic chunks: budget at the beginning of a prompt",
            "Sarathi-Serve code (b)")
        .Int("chunkLow", o => o.ChunkLow, (o, v) => o with { ChunkLow = v }, "dynamic chunks: budget in the last stage", "Sarathi-Serve code (b)")
        .Int("chunkStages", o => o.ChunkStages, (o, v) => o with { ChunkStages = v }, "dynamic chunks: number of stages", "Sarathi-Serve code (b)",
            max: MostChunkStages)
        .Int("chunkScheduleTokens", o => o.ChunkScheduleTokens, (o, v) => o with { ChunkScheduleTokens = v },
            "dynamic chunks: prompt tokens over which the stages are spread", "Sarathi-Serve code (b)");

    public int TokenBudget { get; init; } = DefaultTokenBudget;

    public int MaxSequences { get; init; } = DefaultSequences;

    public double Watermark { get; init; } = VllmV0Options.DefaultWatermark;

    public Batching Batching { get; init; } = Batching.StallFree;

    public bool DynamicChunks { get; init; }

    public int ChunkHigh { get; init; } = DefaultChunkHigh;

    public int ChunkLow { get; init; } = DefaultChunkLow;

    public int ChunkStages { get; init; } = DefaultChunkStages;

    public int ChunkScheduleTokens { get; init; } = DefaultChunkScheduleTokens;

    /// <remarks>Decodes are never held back, so a step of decodes alone may exceed a small budget.</remarks>
    public override int MaxStepTokens(ReplicaFacts facts) => Math.Max(Sizes(facts).Largest, MaxSequences);

    public override IScheduler Create(ReplicaFacts facts) => new SarathiServe(
        new(Sizes(facts).Largest, MaxSequences, Watermark), Sizes(facts), takesTurns: Batching == Batching.ChunkingOnly);

    private ChunkSizes Sizes(ReplicaFacts facts)
    {
        if (Batching == Batching.HybridOnly) return ChunkSizes.Constant(facts.MaxModelTokens);
        if (!DynamicChunks) return ChunkSizes.Constant(TokenBudget);
        if (ChunkLow > ChunkHigh)
            throw new InputException($"sarathi-serve: chunkLow {ChunkLow} is more than chunkHigh {ChunkHigh}; the sizes fall from high to low");
        return ChunkSizes.Falling(ChunkHigh, ChunkLow, ChunkStages, ChunkScheduleTokens, ChunkMultiple);
    }
}
