using Orrery.Kernel.Time;
using Orrery.Serving.Routing;
using Orrery.Serving.Sequences;

namespace Orrery.Live.Gateway;

/// <summary>
/// What routers see: the upstreams that a request may go to now. Requests that the gateway sent are known exactly; the rest is as old as the
/// last reading of metrics. Loads are divided by the upstream's weight, rounded down.
/// </summary>
internal sealed class FleetView : IFleetView
{
    private readonly List<Upstream> _upstreams = [];

    public Instant Now { get; private set; }

    public int Count => _upstreams.Count;

    public Upstream this[int index] => _upstreams[index];

    public void Reset(Instant now)
    {
        Now = now;
        _upstreams.Clear();
    }

    public void Add(Upstream upstream) => _upstreams.Add(upstream);

    public int LiveRequests(int replica) => (int)Weighed(_upstreams[replica].LiveRequests(Now), replica);

    /// <summary>Of our requests only: metrics do not tell the tokens of others.</summary>
    public long LiveTokens(int replica) => Weighed(_upstreams[replica].LiveTokens, replica);

    public double KvUse(int replica) => _upstreams[replica].KvUse(Now);

    public int CachedTokens(int replica, Sequence sequence) =>
        Math.Min(sequence.PromptTokens, _upstreams[replica].Prefixes.CachedTokens(sequence.PromptSpans));

    private long Weighed(long load, int replica) => load / _upstreams[replica].Settings.Weight;
}
