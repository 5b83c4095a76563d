using Orrery.Documents;
using Orrery.Kernel.Units;
using Orrery.Serving.Scheduling;

namespace Orrery.Serving.Systems.VllmV1;

/// <summary>Order of the waiting queue and of victims.</summary>
public enum QueuePolicy
{
    /// <summary>First come, first served; the last of the running set is preempted first.</summary>
    Fcfs,

    /// <summary>Lower priority value first, ties by arrival; the least urgent running sequence is preempted first.</summary>
    Priority,
}

/// <summary>Options of vLLM v1's scheduler, with the defaults of its code.</summary>
public sealed record VllmV1Options : SchedulerSpec
{
    /// <summary>Step budget of the API server on most devices (vLLM v1 code).</summary>
    public const int DefaultBatchedTokens = 2048;

    /// <summary>Step budget of the API server on devices with at least <see cref="LargeDevice"/> that are not A100 (vLLM v1 code).</summary>
    public const int DefaultBatchedTokensLarge = 8192;

    /// <summary>Running sequences on most devices (vLLM v1 code).</summary>
    public const int DefaultSequences = 256;

    /// <summary>Running sequences on large devices (vLLM v1 code).</summary>
    public const int DefaultSequencesLarge = 1024;

    /// <summary>Unfinished prompts at a time (vLLM v1 code).</summary>
    public const int DefaultPartialPrefills = 1;

    /// <summary>From this memory on a device counts as large, unless it is an A100 (vLLM v1 code: 70 GiB).</summary>
    public static readonly Bytes LargeDevice = Bytes.FromGibibytes(70);

    public static readonly OptionSet<VllmV1Options> Set = new OptionSet<VllmV1Options>()
        .OptionalInt("maxBatchedTokens", o => o.MaxBatchedTokens, (o, v) => o with { MaxBatchedTokens = v },
            "token budget of one step; null: 2048, or 8192 on devices with 70 GiB or more that are not A100", "vLLM v1 code (b)")
        .OptionalInt("maxSequences", o => o.MaxSequences, (o, v) => o with { MaxSequences = v },
            "most running sequences; null: 256, or 1024 on those large devices", "vLLM v1 code (b)")
        .OptionalInt("longPrefillThreshold", o => o.LongPrefillThreshold, (o, v) => o with { LongPrefillThreshold = v },
            "most tokens of one sequence in a step; null: no such limit", "vLLM v1 code (b)")
        .Int("maxPartialPrefills", o => o.MaxPartialPrefills, (o, v) => o with { MaxPartialPrefills = v },
            "most unfinished prompts that a step leaves behind; binds only when the threshold leaves budget for a second one", "vLLM v1 code (b)")
        .Choice<QueuePolicy>("policy", o => o.Policy, (o, v) => o with { Policy = v },
            "fcfs, or priority: lower value first, ties by arrival", "vLLM v1 code (b)");

    public int? MaxBatchedTokens { get; init; }

    public int? MaxSequences { get; init; }

    public int? LongPrefillThreshold { get; init; }

    public int MaxPartialPrefills { get; init; } = DefaultPartialPrefills;

    public QueuePolicy Policy { get; init; } = QueuePolicy.Fcfs;

    public override bool UsesPrefixCache => true;

    public override int MaxStepTokens(ReplicaFacts facts) =>
        MaxBatchedTokens ?? (IsLarge(facts) ? DefaultBatchedTokensLarge : DefaultBatchedTokens);

    public override SchedulerSpec WithSteps(int tokens) => MaxBatchedTokens is null ? this with { MaxBatchedTokens = tokens } : this;

    public override IScheduler Create(ReplicaFacts facts) => new VllmV1(
        MaxStepTokens(facts), MaxSequences ?? (IsLarge(facts) ? DefaultSequencesLarge : DefaultSequences), LongPrefillThreshold ?? int.MaxValue,
        MaxPartialPrefills, Policy);

    private static bool IsLarge(ReplicaFacts facts) =>
        facts.DeviceMemory >= LargeDevice && !facts.DeviceName.StartsWith("a100", StringComparison.Ordinal);
}
