using Orrery.Documents;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Systems.VllmV0;

namespace Orrery.Serving.Systems.Priority;

/// <summary>Options of vLLM v0's priority scheduling.</summary>
public sealed record PriorityOptions : SchedulerSpec
{
    public static readonly OptionSet<PriorityOptions> Set = new OptionSet<PriorityOptions>()
        .OptionalInt("maxBatchedTokens", o => o.MaxBatchedTokens, (o, v) => o with { MaxBatchedTokens = v },
            "most prompt tokens of one step; longer prompts are refused; null: the larger of 2048 and the model's limit", "vLLM v0 (c)")
        .Int("maxSequences", o => o.MaxSequences, (o, v) => o with { MaxSequences = v }, "most running sequences", "vLLM v0 code (b)")
        .Number("watermark", o => o.Watermark, (o, v) => o with { Watermark = v },
            "share of all KV blocks that an admission must leave free", "vLLM v0 code (b)", max: 0.5);

    public int? MaxBatchedTokens { get; init; }

    public int MaxSequences { get; init; } = VllmV0Options.DefaultSequences;

    public double Watermark { get; init; } = VllmV0Options.DefaultWatermark;

    public override int MaxStepTokens(ReplicaFacts facts) =>
        MaxBatchedTokens ?? Math.Max(VllmV0Options.LeastBatchedTokens, facts.MaxModelTokens);

    public override IScheduler Create(ReplicaFacts facts) => new PriorityPreemption(new(MaxStepTokens(facts), MaxSequences, Watermark));
}
