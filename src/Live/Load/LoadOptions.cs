using Orrery.Kernel.Time;
using Orrery.Serving.Metrics;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Load;

/// <summary>How a load is sent and judged.</summary>
public sealed record LoadOptions
{
    /// <summary>Requests in flight at which the generator stops sending: more than servers accept, fewer than a process has sockets (our choice, d).</summary>
    public const int DefaultMaxOutstanding = 4096;

    /// <summary>Without a limit a server that hangs would hold the run for ever; no answer that is read takes longer (our choice, d).</summary>
    public static readonly Duration DefaultTimeout = Duration.FromMinutes(10);

    /// <summary>Timers of clients reach no further (our choice, d).</summary>
    public static readonly Duration LongestTimeout = Duration.FromHours(24);

    /// <summary>What an interrupted run waits for answers in flight (our choice, d).</summary>
    public static readonly Duration DefaultGrace = Duration.FromSeconds(2);

    /// <summary>Limits that each request is held to.</summary>
    public ServiceObjective Objective { get; init; } = ServiceObjective.None;

    /// <summary>What readers expect, and how QoE is made from it.</summary>
    public QoeRule Qoe { get; init; } = new();

    /// <summary>Seed of readers, as in a simulation of the same seed.</summary>
    public ulong Seed { get; init; }

    /// <summary>A request that is due while so many are in flight is not sent and counted as refused, never delayed.</summary>
    public int MaxOutstanding { get; init; } = DefaultMaxOutstanding;

    /// <summary>The client gives up this long after the scheduled arrival, where the request says nothing sooner; counted as timed out.</summary>
    public Duration Timeout { get; init; } = DefaultTimeout;

    /// <summary>See <see cref="DefaultGrace"/>.</summary>
    public Duration Grace { get; init; } = DefaultGrace;

    /// <summary>Sent before the run and not counted.</summary>
    public IReadOnlyList<Request> WarmUp { get; init; } = [];

    /// <summary>Told of each request that has left, one at a time, in the order of departure.</summary>
    public Action<LoadRecord>? Left { get; init; }
}
