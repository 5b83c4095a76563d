using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Replicas;
using Orrery.Serving.Routing;

namespace Orrery.Serving.Fleets;

/// <summary>Where a replica is in its life.</summary>
public enum MemberState
{
    /// <summary>Its machine is paid for; weights are on their way.</summary>
    Starting,

    Serving,

    /// <summary>Takes nothing new and stops when it is empty.</summary>
    Draining,

    Stopped,
}

/// <summary>A replica as part of a fleet: its role, its life and what was last heard of it.</summary>
public sealed class FleetMember
{
    private Duration _paidBefore;

    internal FleetMember(Replica replica, ReplicaRole role, bool takesRequests, Instant now)
    {
        Replica = replica;
        Role = role;
        TakesRequests = takesRequests;
        StartedAt = now;
        Seen = new(now);
    }

    public Replica Replica { get; }

    /// <summary>What it is there for; a router that sees all roles may send it single requests of another phase.</summary>
    public ReplicaRole Role { get; }

    public bool TakesRequests { get; }

    public MemberState State { get; internal set; } = MemberState.Serving;

    /// <summary>Since when its machine is paid for.</summary>
    public Instant StartedAt { get; internal set; }

    /// <summary>When it stopped; <see cref="Instant.Never"/> while it has not.</summary>
    public Instant StoppedAt { get; private set; } = Instant.Never;

    /// <summary>Belongs to capacity that the provider may take back.</summary>
    public bool IsSpot { get; internal set; }

    /// <summary>A request leaves it or comes to it live.</summary>
    public bool IsMigrating { get; internal set; }

    /// <summary>Ports on the network between replicas.</summary>
    internal int Egress { get; set; } = -1;

    internal int Ingress { get; set; } = -1;

    /// <summary>Bandwidth of each of them.</summary>
    internal BytesPerSecond PortRate { get; set; }

    /// <summary>Its last report that has reached the decision makers.</summary>
    internal ReplicaReport Seen { get; set; }

    /// <summary>What the router sent since that report.</summary>
    internal int SentSince { get; set; }

    internal long SentTokensSince { get; set; }

    /// <summary>Time that its machine was paid for, up to an instant.</summary>
    public Duration PaidTime(Instant now) =>
        _paidBefore + (State == MemberState.Stopped ? Duration.Zero : now - Instant.Min(StartedAt, now));

    internal void Stopped(Instant now)
    {
        _paidBefore += now - StartedAt;
        State = MemberState.Stopped;
        StoppedAt = now;
    }
}
