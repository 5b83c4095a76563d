using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Routing;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Elasticity;

/// <summary>Moves running requests between replicas. Pure: it sees what replicas reported, which may be late.</summary>
public interface IRebalancer
{
    /// <summary>How often it decides.</summary>
    Duration Interval { get; }

    /// <summary>How its moves are carried out.</summary>
    MigrationOptions Migration { get; }

    /// <summary>Which replicas shall send a request to which; indices of the view. Pairs with a side that is busy migrating are passed over.</summary>
    void Pair(IFleetView fleet, List<(int From, int To)> pairs);

    /// <summary>The request that a replica sends, or null; asked at the replica itself, so it sees its sequences as they are.</summary>
    /// <param name="residents">All sequences there, in no order that means anything; those in flight may be chosen too.</param>
    /// <param name="contextTokens">Tokens of a sequence that have their KV at this instant.</param>
    Sequence? Pick(IReadOnlyList<Sequence> residents, Func<Sequence, int> contextTokens);
}

/// <summary>A rebalancer as data.</summary>
public abstract record RebalancerSpec
{
    public abstract IRebalancer Create();
}

/// <summary>Starts and stops replicas. Pure: it sees what replicas reported, which may be late.</summary>
public interface IAutoscaler
{
    /// <summary>How often it decides; also asked at once when a request finds no replica.</summary>
    Duration Interval { get; }

    /// <summary>How many replicas there shall be, those that start included.</summary>
    /// <param name="serving">Replicas that take requests.</param>
    /// <param name="state">What the view does not say.</param>
    int Desired(IFleetView serving, ScaleState state);
}

/// <summary>What an autoscaler knows beside the replicas' reports.</summary>
/// <param name="Starting">Replicas on their way.</param>
/// <param name="Draining">Replicas that empty.</param>
/// <param name="Homeless">Requests that wait for any replica at all.</param>
/// <param name="LastRequest">When the last request arrived or left; <see cref="Instant.Zero"/> before the first.</param>
public readonly record struct ScaleState(int Starting, int Draining, int Homeless, Instant LastRequest);

/// <summary>An autoscaler as data.</summary>
public abstract record AutoscalerSpec
{
    /// <summary>Fewest replicas.</summary>
    public int Min { get; init; } = 1;

    /// <summary>Most replicas; null: as many as the scenario has at the start.</summary>
    public int? Max { get; init; }

    public abstract IAutoscaler Create(RandomStream random);
}
