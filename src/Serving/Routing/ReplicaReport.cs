using Orrery.Kernel.Time;

namespace Orrery.Serving.Routing;

/// <summary>Which phases a replica is there for. A router may still ask more of it.</summary>
public enum ReplicaRole
{
    /// <summary>Prompts and decodes.</summary>
    Mixed,

    /// <summary>Prompts: each request goes elsewhere with its KV when it has its first token.</summary>
    Prefill,

    /// <summary>Decodes of requests whose prompt was read elsewhere; takes no arrivals.</summary>
    Decode,
}

/// <summary>What a replica tells of itself: numbers only, as a metrics page would hold them. Blocks are KV blocks.</summary>
/// <param name="At">The instant that the numbers are of.</param>
public readonly record struct ReplicaReport(Instant At)
{
    /// <summary>Takes no new requests: it empties, to be stopped.</summary>
    public bool IsDraining { get; init; }

    public int BlockTokens { get; init; }

    public int TotalBlocks { get; init; }

    public int UsedBlocks { get; init; }

    public int FreeBlocks => TotalBlocks - UsedBlocks;

    /// <summary>Sequences in the running set.</summary>
    public int Running { get; init; }

    /// <summary>Sequences that wait for a place in it.</summary>
    public int Waiting { get; init; }

    /// <summary>Blocks that all of those will ask for at once.</summary>
    public long WaitingBlocks { get; init; }

    /// <summary>Blocks that the one that has waited longest will ask for.</summary>
    public int FirstWaitingBlocks { get; init; }

    /// <summary>Those of them that were preempted and wait again.</summary>
    public int PreemptedWaiting { get; init; }

    /// <summary>Live requests of the most urgent kind: priority below zero.</summary>
    public int UrgentRequests { get; init; }

    public int LiveRequests { get; init; }

    /// <summary>Prompt and output tokens of live requests so far.</summary>
    public long LiveTokens { get; init; }

    /// <summary>Prompt tokens of live requests that are not computed yet.</summary>
    public long PendingPrefillTokens { get; init; }
}
