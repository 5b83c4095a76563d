using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Planning;

/// <summary>A list of requests in the order of arrival, for one probe of a planner.</summary>
internal sealed class PlannedTraffic(IReadOnlyList<Request> requests) : ITrafficSource
{
    private int _next;

    public Instant NextArrival => _next < requests.Count ? requests[_next].Arrival : Instant.Never;

    public long? ExpectedRequests => requests.Count;

    public Request Take() => requests[_next++];

    public void Dispose()
    {
    }
}
