using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Testing.Traffic;

/// <summary>Plays requests out of a list, and remembers which ended.</summary>
public sealed class ListSource(IReadOnlyList<Request> requests) : ITrafficSource
{
    private readonly List<Request> _ended = [];
    private int _next;

    /// <summary>Requests whose end was reported, in that order.</summary>
    public IReadOnlyList<Request> Ended => _ended;

    public Instant NextArrival => _next < requests.Count ? requests[_next].Arrival : Instant.Never;

    public long? ExpectedRequests => requests.Count;

    public int ClientCount => requests.Count == 0 ? 1 : requests.Max(r => r.Client) + 1;

    public Request Take() => _next < requests.Count ? requests[_next++] : throw new InvalidOperationException("no request is pending");

    public void Completed(Request request, Instant at) => _ended.Add(request);

    public void Dispose()
    {
    }
}
