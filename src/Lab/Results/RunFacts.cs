using Orrery.Kernel.Statistics;
using Orrery.Serving.Fleets;
using Orrery.Serving.Power;

namespace Orrery.Lab.Results;

/// <summary>What was counted in a run, or in a part of its virtual time: the totals that every metric is computed from.</summary>
/// <remarks>Sketches of times are in nanoseconds; that of QoE is in the parts that serving counts it in.</remarks>
public sealed record RunFacts
{
    /// <summary>Virtual time that rates are taken over.</summary>
    public required double Seconds { get; init; }

    public required QuantileSketch Ttft { get; init; }

    public required QuantileSketch Tpot { get; init; }

    public required QuantileSketch Gaps { get; init; }

    public required QuantileSketch EndToEnd { get; init; }

    public required QuantileSketch Queue { get; init; }

    public required QuantileSketch Normalized { get; init; }

    public required QuantileSketch Qoe { get; init; }

    public long Arrived { get; init; }

    /// <summary>Finished requests of those that arrived; of a window see <see cref="Departed"/>.</summary>
    public long Finished { get; init; }

    public long Rejected { get; init; }

    public long Cancelled { get; init; }

    public long TimedOut { get; init; }

    /// <summary>Requests whose answer broke off; none do in a simulation.</summary>
    public long Failed { get; init; }

    /// <summary>Finished requests within their limits.</summary>
    public long MetObjective { get; init; }

    /// <summary>Requests that finished within the time, whenever they arrived.</summary>
    public long Departed { get; init; }

    /// <summary>Prompt tokens of <see cref="Departed"/> requests.</summary>
    public long PromptTokens { get; init; }

    /// <summary>Output tokens delivered.</summary>
    public long OutputTokens { get; init; }

    /// <summary>What the fleet's matrix units could do at most, every token at full rate; see <c>OptimalThroughput</c>.</summary>
    public double OptimalTokensPerSecond { get; init; }

    /// <summary>What replicas count for whole runs only; null for a part of a run.</summary>
    public FleetFacts? Fleet { get; init; }
}

/// <summary>Sums over all replicas and the whole run.</summary>
/// <param name="PrefilledTokens">Tokens computed ahead of decoding, recomputation included.</param>
/// <param name="CachedTokens">Prompt tokens that a prefix cache supplied.</param>
/// <param name="StepTokens">Tokens computed by all steps: prefilled and decoded.</param>
/// <param name="KvMean">Mean of the share of KV blocks in use, over replicas and the time they were there.</param>
/// <param name="KvMax">Its highest value.</param>
/// <param name="KvHeldTokens">Tokens that the KV blocks of each step's sequences have room for, over all steps.</param>
/// <param name="KvWrittenTokens">Those of them that are written.</param>
/// <param name="LargestBatch">Most sequences of a step.</param>
/// <param name="MemoryWaitSeconds">Time that steps waited for the memory.</param>
/// <param name="LongestMemoryWaitSeconds">The longest such wait.</param>
/// <param name="MappedPages">Pages mapped on demand, of one device per replica.</param>
public sealed record FleetFacts(
    long Steps,
    long Preemptions,
    long PrefilledTokens,
    long CachedTokens,
    long StepTokens,
    double BusySeconds,
    double ReplicaSeconds,
    double Flops,
    double PeakFlops,
    double Bytes,
    double PeakBytes,
    double KvMean,
    double KvMax,
    double KvHeldTokens,
    double KvWrittenTokens,
    int LargestBatch,
    double MemoryWaitSeconds,
    double LongestMemoryWaitSeconds,
    long MappedPages,
    double EnergyJoules,
    double CarbonGrams,
    double WaterLitres,
    double MoneyDollars)
{
    /// <summary>Replica-time that steps waited for copies between device and host before they computed.</summary>
    public double SwapWaitSeconds { get; init; }

    /// <summary>Of all requests, from the token before a preemption to the token after it.</summary>
    public double PreemptedSeconds { get; init; }

    /// <summary>Tokens whose KV was copied to the host.</summary>
    public long SwappedOutTokens { get; init; }

    /// <summary>Tokens whose KV was copied back.</summary>
    public long SwappedInTokens { get; init; }

    /// <summary>Tokens of training sequences whose backward pass is complete.</summary>
    public long TrainedTokens { get; init; }

    /// <summary>Tokens of training sequences that went forward.</summary>
    public long TrainingForwardTokens { get; init; }

    /// <summary>Tokens of training sequences that went backward: the work of all layers is one token.</summary>
    public double TrainingBackwardTokens { get; init; }

    /// <summary>Memory that finetuning has on a device beside the frozen weights, where it has most.</summary>
    public long FinetuneBytes { get; init; }

    /// <summary>The activations in it.</summary>
    public long FinetuneActivationBytes { get; init; }

    /// <summary>Tokens computed one per sequence and step by decodes, drafts not counted.</summary>
    public long DecodeTokens { get; init; }

    /// <summary>Proposed tokens that were verified.</summary>
    public long DraftedTokens { get; init; }

    /// <summary>Those of them that were right.</summary>
    public long AcceptedTokens { get; init; }

    /// <summary>What the sensor of a row read; null without a breaker.</summary>
    public RowReadings? Row { get; init; }

    /// <summary>Energy of the accelerators alone: without hosts, cooling and power distribution.</summary>
    public double DeviceJoules { get; init; }

    /// <summary>The part of it drawn without a step in flight: it belongs to no request.</summary>
    public double IdleDeviceJoules { get; init; }

    /// <summary>The part of steps with prompts in them.</summary>
    public double PrefillDeviceJoules { get; init; }

    /// <summary>The part of steps of decodes alone.</summary>
    public double DecodeDeviceJoules { get; init; }

    /// <summary>What moved between replicas; null where nothing could.</summary>
    public FleetMoves? Moves { get; init; }

    /// <summary>Time that machines were paid for.</summary>
    public double PaidReplicaHours { get; init; }

    /// <summary>What prompts answer for: the energy of steps with prompts by the prompts' share of their tokens.</summary>
    public double PromptDeviceJoules { get; init; }
}
