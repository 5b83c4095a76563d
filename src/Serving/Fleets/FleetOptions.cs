using Orrery.Documents;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Serving.Fleets;

/// <summary>Who starts the transfer of KV after a prompt.</summary>
public enum HandOverMode
{
    /// <summary>The decoding side fetches when it has room, first come, first served; until then the KV stays where the prompt was read, which holds new prompts back there.</summary>
    Pull,

    /// <summary>The prompt's side sends at once, and again after a while where there is no room.</summary>
    Push,
}

/// <summary>What of the transfer hides behind the computation of the prompt.</summary>
public enum HandOverOverlap
{
    None,

    /// <summary>Each layer's KV is sent while the next layers compute: what remains after the step is at least one layer's.</summary>
    Layers,

    /// <summary>The KV of each chunk is sent while the next chunk computes: what remains is at least the last chunk's.</summary>
    Chunks,
}

/// <summary>How the KV of a prompt gets from the replica that read it to the one that decodes.</summary>
public sealed record HandOverOptions
{
    public static readonly OptionSet<HandOverOptions> Set = new OptionSet<HandOverOptions>()
        .Choice<HandOverMode>("mode", o => o.Mode, (o, v) => o with { Mode = v }, "who starts the transfer: pull or push", "DistServe: pull (b); Splitwise: push (b)")
        .Choice<HandOverOverlap>("overlap", o => o.Overlap, (o, v) => o with { Overlap = v },
            "what hides behind the prompt's computation: none, layers, chunks", "Splitwise: layers from 512 tokens on (c)")
        .Int("overlapFrom", o => o.OverlapFromTokens, (o, v) => o with { OverlapFromTokens = v }, "prompt tokens from which it overlaps", "Splitwise: 512 (c)", min: 0)
        .Number("waitingShare", o => o.WaitingShare, (o, v) => o with { WaitingShare = v },
            "pull: nothing is fetched while what came and does not run yet holds this share of the blocks", "DistServe's waiting_block_prop_threshold (b); 0.05 (c)", max: 1)
        .Duration("retry", o => o.Retry, (o, v) => o with { Retry = v }, "push: time until the next try where there was no room", "Splitwise's simulator: 1 s (b)", minSeconds: 1e-3)
        .Duration("setup", o => o.Setup, (o, v) => o with { Setup = v }, "time of each hand-over beside the bytes", "Splitwise: 5 to 8 ms seen in all (c); 0 here (d)");

    public HandOverMode Mode { get; init; }

    public HandOverOverlap Overlap { get; init; }

    public int OverlapFromTokens { get; init; }

    public double WaitingShare { get; init; } = 0.05;

    public Duration Retry { get; init; } = Duration.FromSeconds(1);

    public Duration Setup { get; init; }
}

/// <summary>The network between replicas: every replica has a port out and a port in, behind them a backbone that all share, or none.</summary>
public sealed record LinkOptions
{
    /// <summary>1 MB/s: over less, one long prompt takes hours.</summary>
    public const double LeastBytesPerSecond = 1e6;

    public static readonly OptionSet<LinkOptions> Set = new OptionSet<LinkOptions>()
        .OptionalQuantity("bandwidth", Quantity.BytesPerSecond, o => o.Bandwidth?.Value, (o, v) => o with { Bandwidth = v is { } b ? new(b) : null },
            "of each port, each direction; null: the network of the replica's fleet entry, times its devices", "scenario", min: LeastBytesPerSecond)
        .Duration("latency", o => o.Latency, (o, v) => o with { Latency = v }, "of each transfer", "our choice (d)")
        .OptionalQuantity("flowLimit", Quantity.BytesPerSecond, o => o.FlowLimit?.Value, (o, v) => o with { FlowLimit = v is { } b ? new(b) : null },
            "most that one transfer gets; null: all of its ports", "our choice (d)", min: LeastBytesPerSecond)
        .OptionalQuantity("backbone", Quantity.BytesPerSecond, o => o.Backbone?.Value, (o, v) => o with { Backbone = v is { } b ? new(b) : null },
            "shared by all transfers; null: never the limit", "our choice (d)", min: LeastBytesPerSecond);

    public BytesPerSecond? Bandwidth { get; init; }

    public Duration Latency { get; init; } = Duration.FromMicroseconds(10);

    public BytesPerSecond? FlowLimit { get; init; }

    public BytesPerSecond? Backbone { get; init; }
}

/// <summary>How late decision makers see the replicas.</summary>
public sealed record ObservationOptions
{
    public static readonly OptionSet<ObservationOptions> Set = new OptionSet<ObservationOptions>()
        .Duration("interval", o => o.Interval, (o, v) => o with { Interval = v }, "how often replicas report; 0s: everything is seen at once", "our choice (d)")
        .Duration("delay", o => o.Delay, (o, v) => o with { Delay = v }, "from a report to the decision maker", "our choice (d)");

    public Duration Interval { get; init; }

    public Duration Delay { get; init; }

    public bool IsLate => Interval > Duration.Zero;
}

/// <summary>What moving requests between replicas did.</summary>
public sealed class FleetMoves
{
    /// <summary>Prompts whose KV went to another replica.</summary>
    public long HandOvers { get; internal set; }

    public Int128 HandOverBytes { get; internal set; }

    /// <summary>Bytes of them that were sent while the prompt still computed.</summary>
    public Int128 HiddenBytes { get; internal set; }

    /// <summary>From the end of the prompt to the KV's arrival, over all hand-overs.</summary>
    public Duration HandOverTime { get; internal set; }

    /// <summary>The part of it in which bytes were under way.</summary>
    public Duration TransferTime { get; internal set; }

    /// <summary>Running requests that went to another replica.</summary>
    public long Migrations { get; internal set; }

    /// <summary>Migrations that were given up: the request finished, was preempted, or found no room.</summary>
    public long AbortedMigrations { get; internal set; }

    public Int128 MigrationBytes { get; internal set; }

    /// <summary>Time that migrated requests could not run, in all.</summary>
    public Duration Downtime { get; internal set; }

    public Duration LongestDowntime { get; internal set; }

    /// <summary>Requests that lost their KV because their machine went.</summary>
    public long Evictions { get; internal set; }

    /// <summary>Tokens whose KV was lost that way.</summary>
    public long LostTokens { get; internal set; }

    /// <summary>Replicas that were started while traffic ran.</summary>
    public long Starts { get; internal set; }

    /// <summary>Replicas that stopped.</summary>
    public long Stops { get; internal set; }

    /// <summary>Most replicas that served at once.</summary>
    public int MostServing { get; internal set; }
}
