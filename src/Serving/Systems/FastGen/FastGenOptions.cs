using Orrery.Documents;
using Orrery.Serving.Scheduling;

namespace Orrery.Serving.Systems.FastGen;

/// <summary>Options of DeepSpeed-FastGen, with the defaults of its configuration; its names stand in the descriptions.</summary>
/// <remarks>Its longest sequence, max_context 8192 (code, b), is the scenario's <c>maxModelLength</c>.</remarks>
public sealed record FastGenOptions : SchedulerSpec
{
    /// <summary>Tokens of a pass (code, b).</summary>
    public const int DefaultTokenBudget = 768;

    /// <summary>Sequences of a pass (code, b).</summary>
    public const int DefaultSequences = 512;

    /// <summary>Sequences that hold state between passes (code, b).</summary>
    public const int DefaultTrackedSequences = 2048;

    /// <summary>Tokens of a KV block (code, b); policies of single models may use others.</summary>
    public const int DefaultBlockTokens = 128;

    public static readonly OptionSet<FastGenOptions> Set = new OptionSet<FastGenOptions>()
        .Int("tokenBudget", o => o.TokenBudget, (o, v) => o with { TokenBudget = v },
            "tokens of every pass, generation included (max_ragged_batch_size); best just beyond the knee of throughput over tokens",
            "DeepSpeed-FastGen code (b)")
        .Int("maxSequences", o => o.MaxSequences, (o, v) => o with { MaxSequences = v },
            "most sequences of a pass (max_ragged_sequence_count)", "DeepSpeed-FastGen code (b)")
        .Int("maxTrackedSequences", o => o.MaxTrackedSequences, (o, v) => o with { MaxTrackedSequences = v },
            "most sequences that hold state between passes (max_tracked_sequences)", "DeepSpeed-FastGen code (b)");

    public int TokenBudget { get; init; } = DefaultTokenBudget;

    public int MaxSequences { get; init; } = DefaultSequences;

    public int MaxTrackedSequences { get; init; } = DefaultTrackedSequences;

    public override int UsualBlockTokens => DefaultBlockTokens;

    public override int MaxStepTokens(ReplicaFacts facts) => TokenBudget;

    public override IScheduler Create(ReplicaFacts facts) => new FastGen(TokenBudget, MaxSequences, MaxTrackedSequences);
}
