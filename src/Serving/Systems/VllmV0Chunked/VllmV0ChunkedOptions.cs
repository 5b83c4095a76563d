using Orrery.Documents;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Systems.VllmV0;

namespace Orrery.Serving.Systems.VllmV0Chunked;

/// <summary>Options of vLLM v0's scheduler with chunked prefill, with the defaults of its first releases.</summary>
public sealed record VllmV0ChunkedOptions : SchedulerSpec
{
    /// <summary>Token budget of a step (vLLM 0.4 to 0.6, c; later releases 2048).</summary>
    public const int DefaultBatchedTokens = 512;

    public static readonly OptionSet<VllmV0ChunkedOptions> Set = new OptionSet<VllmV0ChunkedOptions>()
        .Int("maxBatchedTokens", o => o.MaxBatchedTokens, (o, v) => o with { MaxBatchedTokens = v },
            "token budget of one step, decodes included; 2048 in later releases", "vLLM 0.4 to 0.6 (c)")
        .Int("maxSequences", o => o.MaxSequences, (o, v) => o with { MaxSequences = v }, "most running sequences", "vLLM v0 code (b)")
        .Number("watermark", o => o.Watermark, (o, v) => o with { Watermark = v },
            "share of all KV blocks that an admission must leave free", "vLLM v0 code (b)", max: 0.5);

    public int MaxBatchedTokens { get; init; } = DefaultBatchedTokens;

    public int MaxSequences { get; init; } = VllmV0Options.DefaultSequences;

    public double Watermark { get; init; } = VllmV0Options.DefaultWatermark;

    public override int MaxStepTokens(ReplicaFacts facts) => MaxBatchedTokens;

    public override IScheduler Create(ReplicaFacts facts) => new VllmV0Chunked(new(MaxBatchedTokens, MaxSequences, Watermark));
}
