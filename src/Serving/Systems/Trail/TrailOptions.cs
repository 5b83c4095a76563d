using Orrery.Documents;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Systems.VllmV0;
using Orrery.Serving.Systems.VllmV0Chunked;

namespace Orrery.Serving.Systems.Trail;

/// <summary>
/// Options of TRAIL. Its baselines are settings: <c>limit: 0</c> shortest job first, <c>refine: false</c> TRAIL-BERT, <c>limit: 1</c>
/// plain shortest predicted remaining first; exact predictors give the oracle variant TRAIL+.
/// </summary>
public sealed record TrailOptions : SchedulerSpec
{
    /// <summary>C, share of the first prediction up to which a request may be preempted (b).</summary>
    public const double DefaultLimit = 0.8;

    public static readonly OptionSet<TrailOptions> Set = new OptionSet<TrailOptions>()
        .Number("limit", o => o.Limit, (o, v) => o with { Limit = v },
            "C: a request may be preempted while it has generated less than this share of its first prediction; 0 orders the queue only",
            "arXiv 2410.01035 (b)", max: 1)
        .Bool("refine", o => o.Refine, (o, v) => o with { Refine = v },
            "follows predictors.remaining while a request runs; false counts the first prediction down", "arXiv 2410.01035 (b)")
        .Int("predictEvery", o => o.PredictEvery, (o, v) => o with { PredictEvery = v },
            "tokens between two looks at a running request; the authors' SGLang port takes 8", "arXiv 2410.01035 (b)")
        .Number("margin", o => o.Margin, (o, v) => o with { Margin = v },
            "a newcomer preempts only when it is shorter by more than so many tokens", "authors' code (b)", max: 1e6)
        .OptionalInt("maxPreemptions", o => o.MaxPreemptions, (o, v) => o with { MaxPreemptions = v },
            "most times a request gives way; null: no limit", "authors' code (b)", min: 0)
        .Int("maxBatchedTokens", o => o.MaxBatchedTokens, (o, v) => o with { MaxBatchedTokens = v },
            "token budget of one step, decodes included", "vLLM 0.5 (c)")
        .Int("maxSequences", o => o.MaxSequences, (o, v) => o with { MaxSequences = v },
            "most running sequences; preempted ones that hold memory do not count", "vLLM v0 code (b)")
        .Number("watermark", o => o.Watermark, (o, v) => o with { Watermark = v },
            "share of all KV blocks that an admission must leave free", "vLLM v0 code (b)", max: 0.5);

    public double Limit { get; init; } = DefaultLimit;

    public bool Refine { get; init; } = true;

    public int PredictEvery { get; init; } = 1;

    public double Margin { get; init; }

    public int? MaxPreemptions { get; init; }

    public int MaxBatchedTokens { get; init; } = VllmV0ChunkedOptions.DefaultBatchedTokens;

    public int MaxSequences { get; init; } = VllmV0Options.DefaultSequences;

    public double Watermark { get; init; } = VllmV0Options.DefaultWatermark;

    public override int MaxStepTokens(ReplicaFacts facts) => MaxBatchedTokens;

    public override IScheduler Create(ReplicaFacts facts) => new Trail(this);
}
