using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Routing;

/// <summary>Chooses the replica of each arriving request. Pure: what it may know comes through the view.</summary>
public interface IRouter
{
    /// <summary>Index of the chosen replica, within [0, <see cref="IFleetView.Count"/>).</summary>
    int Choose(Sequence sequence, IFleetView fleet);
}

/// <summary>What a router sees of the fleet at an instant; every figure includes all that happened at or before it.</summary>
public interface IFleetView
{
    Instant Now { get; }

    int Count { get; }

    /// <summary>Requests handed to the replica that have not left.</summary>
    int LiveRequests(int replica);

    /// <summary>Prompt and output tokens of those requests so far.</summary>
    long LiveTokens(int replica);

    /// <summary>Share of the replica's KV blocks in use, 0 to 1.</summary>
    double KvUse(int replica);

    /// <summary>Leading prompt tokens that the replica's prefix cache could supply now.</summary>
    int CachedTokens(int replica, Sequence sequence);
}
