using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Lab.Runs;

/// <summary>A trace that refuses rows which ask for what this version does not simulate, instead of running them as something else.</summary>
internal sealed class CheckedTrace(ITrafficSource source, string path) : ITrafficSource
{
    public Instant NextArrival => source.NextArrival;

    public bool IsClosedLoop => source.IsClosedLoop;

    public long? ExpectedRequests => source.ExpectedRequests;

    public int ClientCount => source.ClientCount;

    public Request Take()
    {
        Request request = source.Take();
        if (request.Adapter >= 0) throw NotSimulated(request, "an adapter", "adapter");
        return request;
    }

    public void Completed(Request request, Instant at) => source.Completed(request, at);

    public string ClientName(int client) => source.ClientName(client);

    public void Dispose() => source.Dispose();

    private InputException NotSimulated(Request request, string what, string column) => new(
        $"{path}: request {request.Label ?? (request.Id + 1).ToString(System.Globalization.CultureInfo.InvariantCulture)} has {what}: not simulated by this version; remove the column '{column}'");
}
