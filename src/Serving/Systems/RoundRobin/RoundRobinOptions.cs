using Orrery.Documents;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Systems.VllmV0;

namespace Orrery.Serving.Systems.RoundRobin;

/// <summary>Options of the round-robin ring; what it shares with vLLM v0 has that engine's defaults.</summary>
public sealed record RoundRobinOptions : SchedulerSpec
{
    /// <summary>Iterations of service before a request may have to give way (baseline of Andes, arXiv 2404.16283, c).</summary>
    public const int DefaultQuantum = 50;

    public static readonly OptionSet<RoundRobinOptions> Set = new OptionSet<RoundRobinOptions>()
        .Int("quantum", o => o.Quantum, (o, v) => o with { Quantum = v },
            "iterations of service, prefill included, after which a request gives way to whoever waits", "arXiv 2404.16283 (c)")
        .OptionalInt("maxBatchedTokens", o => o.MaxBatchedTokens, (o, v) => o with { MaxBatchedTokens = v },
            "most prompt tokens of one step; longer prompts are refused; null: the larger of 2048 and the model's limit", "vLLM v0 (c)")
        .Int("maxSequences", o => o.MaxSequences, (o, v) => o with { MaxSequences = v }, "most running sequences", "vLLM v0 code (b)")
        .Number("watermark", o => o.Watermark, (o, v) => o with { Watermark = v },
            "share of all KV blocks that an admission must leave free", "vLLM v0 code (b)", max: 0.5);

    public int Quantum { get; init; } = DefaultQuantum;

    public int? MaxBatchedTokens { get; init; }

    public int MaxSequences { get; init; } = VllmV0Options.DefaultSequences;

    public double Watermark { get; init; } = VllmV0Options.DefaultWatermark;

    public override int MaxStepTokens(ReplicaFacts facts) => MaxBatchedTokens ?? Math.Max(VllmV0Options.LeastBatchedTokens, facts.MaxModelTokens);

    public override IScheduler Create(ReplicaFacts facts) => new RoundRobin(new(MaxStepTokens(facts), MaxSequences, Watermark), Quantum);
}
