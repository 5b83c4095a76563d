using Orrery.Documents;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Systems.VllmV0;
using Orrery.Serving.Systems.VllmV1;

namespace Orrery.Serving.Systems.BatchLlm;

/// <summary>Options of BatchLLM. Its four parts can be switched off one by one; without all of them it is first come, first served over an LRU prefix cache.</summary>
public sealed record BatchLlmOptions : SchedulerSpec
{
    /// <summary>Share of all KV blocks up to which requests are admitted (0.9 or more; d).</summary>
    public const double DefaultThreshold = 0.95;

    /// <summary>Output expected of a request while nothing is known (d).</summary>
    public const int DefaultTypicalOutput = 128;

    public static readonly OptionSet<BatchLlmOptions> Set = new OptionSet<BatchLlmOptions>()
        .Bool("groups", o => o.Groups, (o, v) => o with { Groups = v },
            "requests that share a prefix run together, the prefix computed once and pinned until the last has finished; false: the prefix cache decides",
            "arXiv 2412.03594 (b)")
        .Bool("reorder", o => o.Reorder, (o, v) => o with { Reorder = v },
            "groups with most decode tokens for each prompt token go first; false: in order of arrival", "arXiv 2412.03594 (b)")
        .Bool("memoryBatching", o => o.MemoryBatching, (o, v) => o with { MemoryBatching = v },
            "KV memory and its predicted growth alone limit admission; false: maxSequences and watermark do", "arXiv 2412.03594 (b)")
        .Bool("fusedAttention", o => o.FusedAttention, (o, v) => o with { FusedAttention = v },
            "decodes of a group read the KV of their prefix once a step", "arXiv 2412.03594 (b)")
        .Int("tokenCap", o => o.TokenCap, (o, v) => o with { TokenCap = v },
            "most tokens of one step, decodes included: enough to saturate the device; also the most running requests", "our choice (d), as vLLM's budget")
        .Number("kvThreshold", o => o.KvThreshold, (o, v) => o with { KvThreshold = v },
            "share of all KV blocks that requests are predicted to fill at most", "our choice (d)", min: 0.1, max: 1)
        .Int("typicalOutput", o => o.TypicalOutput, (o, v) => o with { TypicalOutput = v },
            "output tokens expected of a request without a prediction until the first has left; then their average", "our choice (d)")
        .Int("maxSequences", o => o.MaxSequences, (o, v) => o with { MaxSequences = v },
            "most running requests without memoryBatching", "vLLM (b)")
        .Number("watermark", o => o.Watermark, (o, v) => o with { Watermark = v },
            "share of all KV blocks that an admission leaves free without memoryBatching", "vLLM v0 code (b)", max: 0.5);

    public bool Groups { get; init; } = true;

    public bool Reorder { get; init; } = true;

    public bool MemoryBatching { get; init; } = true;

    public bool FusedAttention { get; init; } = true;

    public int TokenCap { get; init; } = VllmV1Options.DefaultBatchedTokens;

    public double KvThreshold { get; init; } = DefaultThreshold;

    public int TypicalOutput { get; init; } = DefaultTypicalOutput;

    public int MaxSequences { get; init; } = VllmV1Options.DefaultSequences;

    public double Watermark { get; init; } = VllmV0Options.DefaultWatermark;

    /// <summary>Every decode takes a token of the cap, so there are never more running requests than that.</summary>
    public int MostRunning => MemoryBatching ? TokenCap : Math.Min(MaxSequences, TokenCap);

    public override bool UsesPrefixCache => true;

    public override bool TakesKvBack => false;

    public override int MaxStepTokens(ReplicaFacts facts) => TokenCap;

    public override IScheduler Create(ReplicaFacts facts) => new BatchLlm(this);
}
