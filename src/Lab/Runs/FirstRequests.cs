using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Lab.Runs;

/// <summary>Traffic that ends after so many requests.</summary>
internal sealed class FirstRequests(ITrafficSource source, long most) : ITrafficSource
{
    private long _taken;

    public Instant NextArrival => _taken < most ? source.NextArrival : Instant.Never;

    public bool IsClosedLoop => source.IsClosedLoop;

    public long? ExpectedRequests => source.ExpectedRequests is { } all ? Math.Min(all, most) : null;

    public int ClientCount => source.ClientCount;

    public Request Take()
    {
        _taken++;
        return source.Take();
    }

    public void Completed(Request request, Instant at) => source.Completed(request, at);

    public string ClientName(int client) => source.ClientName(client);

    public void Dispose() => source.Dispose();
}
