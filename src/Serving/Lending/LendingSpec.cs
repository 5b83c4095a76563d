using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.World.Deployments;
using Orrery.World.Hardware;

namespace Orrery.Serving.Lending;

/// <summary>Lending of KV memory between the replicas of a fleet, as data: the protocol's constants and the policy that decides.</summary>
public abstract record LendingSpec
{
    /// <summary>Time between two rounds (d: our choice; the source says heartbeats).</summary>
    public static readonly Duration DefaultInterval = Duration.FromMilliseconds(500);

    /// <summary>Age of what a policy sees (d).</summary>
    public static readonly Duration DefaultDelay = Duration.FromMilliseconds(10);

    /// <summary>One message of the protocol (d).</summary>
    public static readonly Duration DefaultMessage = Duration.FromMilliseconds(1);

    /// <summary>Per layer: one small kernel (d).</summary>
    public static readonly Duration DefaultCombine = Duration.FromMicroseconds(5);

    /// <summary>Share of its blocks that a replica may lend (c).</summary>
    public const double DefaultLendLimit = 0.9;

    /// <summary>Share of its blocks that lending leaves free (c).</summary>
    public const double DefaultKept = 0.05;

    /// <summary>Engines leave a hundredth of the blocks free when they admit; a fleet that lent those would wait for itself.</summary>
    public const double LeastKept = 0.02;

    /// <summary>Promises that nobody used go back after so many rounds.</summary>
    public const int CreditRounds = 4;

    public Duration Interval { get; init; } = DefaultInterval;

    public Duration Delay { get; init; } = DefaultDelay;

    public Duration Message { get; init; } = DefaultMessage;

    public Duration Combine { get; init; } = DefaultCombine;

    public double LendLimit { get; init; } = DefaultLendLimit;

    public double KeptShare { get; init; } = DefaultKept;

    public int? BatchLimit { get; init; }

    /// <summary>What does not go together among the options: the key, a colon and what to do; null for nothing.</summary>
    public virtual string? Fault() => null;

    /// <summary>A fresh policy for one fleet.</summary>
    public abstract ILendingPolicy Create(RandomStream random);

    /// <summary>
    /// β*: where the two arguments of T_lin = max(weights / bandwidth, 2 · parameters · β / peak) meet (c): peak · bytes per weight / (2 · bandwidth), about
    /// 150 on an A100 with 16-bit weights.
    /// </summary>
    public int BatchLimitOn(Deployment deployment)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        if (BatchLimit is { } asked) return asked;
        DeviceSpec device = deployment.Device;
        double peak = device.PeakRate(deployment.Precision.Activations)?.Value ?? 0;
        return Math.Max(1, (int)Math.Round(peak * deployment.Precision.BytesPerWeight / (2 * device.MemoryBandwidth.Value)));
    }

    /// <summary>The keys that every policy shares.</summary>
    protected static OptionSet<T> Declare<T>(OptionSet<T> set)
        where T : LendingSpec, new()
    {
        ArgumentNullException.ThrowIfNull(set);
        return set
            .Duration("interval", o => o.Interval, (o, v) => o with { Interval = v }, "time between two heartbeats, and two rounds of decisions", "our choice (d)", minSeconds: 1e-3)
            .Duration("delay", o => o.Delay, (o, v) => o with { Delay = v }, "age of the heartbeats that a round decides on", "our choice (d)")
            .Duration("message", o => o.Message, (o, v) => o with { Message = v }, "time of one message of the protocol: order, reserve, answer, release", "our choice (d)")
            .Duration("combine", o => o.Combine, (o, v) => o with { Combine = v }, "time per layer in which partial attention becomes one answer", "our choice (d)")
            .Number("lendLimit", o => o.LendLimit, (o, v) => o with { LendLimit = v }, "share of a replica's blocks that it may lend", "Infinite-LLM, remembered (c)", min: 0, max: 1)
            .Number("keep", o => o.KeptShare, (o, v) => o with { KeptShare = v }, "share of a replica's blocks that lending leaves free for its own requests", "Infinite-LLM, remembered (c)", min: LeastKept, max: 0.9)
            .OptionalInt("batchLimit", o => o.BatchLimit, (o, v) => o with { BatchLimit = v },
                "batch from which a step is bound by compute; null: peak rate · bytes per weight / (2 · bandwidth)", "Infinite-LLM, remembered (c)");
    }
}
