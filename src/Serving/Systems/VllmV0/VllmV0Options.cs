using Orrery.Documents;
using Orrery.Serving.Scheduling;

namespace Orrery.Serving.Systems.VllmV0;

/// <summary>Options of vLLM v0's scheduler without chunked prefill, with the defaults of its code.</summary>
public sealed record VllmV0Options : SchedulerSpec
{
    /// <summary>Running sequences (vLLM v0 code, b).</summary>
    public const int DefaultSequences = 256;

    /// <summary>Share of all blocks that an admission leaves free (vLLM v0 code, b).</summary>
    public const double DefaultWatermark = 0.01;

    /// <summary>The prompt budget is at least this (vLLM v0, c).</summary>
    public const int LeastBatchedTokens = 2048;

    public static readonly OptionSet<VllmV0Options> Set = new OptionSet<VllmV0Options>()
        .OptionalInt("maxBatchedTokens", o => o.MaxBatchedTokens, (o, v) => o with { MaxBatchedTokens = v },
            "most prompt tokens of one step; longer prompts are refused; null: the larger of 2048 and the model's limit", "vLLM v0 (c)")
        .Int("maxSequences", o => o.MaxSequences, (o, v) => o with { MaxSequences = v }, "most running sequences", "vLLM v0 code (b)")
        .Number("watermark", o => o.Watermark, (o, v) => o with { Watermark = v },
            "share of all KV blocks that an admission must leave free", "vLLM v0 code (b)", max: 0.5)
        .Number("delayFactor", o => o.DelayFactor, (o, v) => o with { DelayFactor = v },
            "holds prompts back until the oldest has waited this multiple of the last prompt step's time; 0: never", "vLLM v0 code (b)");

    public int? MaxBatchedTokens { get; init; }

    public int MaxSequences { get; init; } = DefaultSequences;

    public double Watermark { get; init; } = DefaultWatermark;

    public double DelayFactor { get; init; }

    public override int MaxStepTokens(ReplicaFacts facts) => MaxBatchedTokens ?? Math.Max(LeastBatchedTokens, facts.MaxModelTokens);

    public override IScheduler Create(ReplicaFacts facts) =>
        new VllmV0(new(MaxStepTokens(facts), MaxSequences, Watermark), DelayFactor);
}
