using Orrery.Serving.Systems.Vtc;

namespace Orrery.Live.Gateway;

/// <summary>One client: what it has here, and what it was served.</summary>
internal sealed class ClientShare(string name, int index)
{
    public string Name { get; } = name;

    public int Index { get; } = index;

    /// <summary>Its virtual token counter.</summary>
    public ClientAccount Account { get; } = new(index, weight: 1);

    public int Queued { get; set; }

    public int InFlight { get; set; }

    public bool IsIdle => Queued == 0 && InFlight == 0;
}

/// <summary>
/// Service per client as virtual token counters keep it (Sheng et al., arXiv 2401.00588; prices of its artifact, b): a prompt token costs 1 and an output token 2; a
/// client that comes back is lifted to the smallest counter of those that are active, so that it cannot save up.
/// </summary>
/// <remarks>
/// Active are the clients with queued requests, and where nobody queues those with requests at an upstream. The prompt is charged when the
/// request is sent, the output as it comes; both are corrected when the upstream tells the true counts.
/// </remarks>
internal sealed class FairShares
{
    /// <summary>Clients that are remembered; beyond it those without requests are forgotten (our choice, d).</summary>
    public const int MostClients = 4096;

    private readonly Dictionary<string, ClientShare> _shares = new(StringComparer.Ordinal);
    private readonly ServicePrice _price = new(new VtcOptions());
    private int _next;

    public IReadOnlyCollection<ClientShare> All => _shares.Values;

    public ClientShare Of(string client)
    {
        if (_shares.TryGetValue(client, out ClientShare? share)) return share;
        if (_shares.Count >= MostClients)
            foreach (ClientShare idle in _shares.Values.Where(known => known.IsIdle).ToArray()) _shares.Remove(idle.Name);
        share = new(client, _next++);
        _shares.Add(client, share);
        return share;
    }

    /// <summary>To be called when a client without queued requests queues one.</summary>
    public void Lift(ClientShare share)
    {
        double ofQueued = double.PositiveInfinity, ofServed = double.PositiveInfinity;
        foreach (ClientShare other in _shares.Values)
        {
            if (other == share) continue;
            if (other.Queued > 0) ofQueued = Math.Min(ofQueued, other.Account.Counter);
            else if (other.InFlight > 0) ofServed = Math.Min(ofServed, other.Account.Counter);
        }
        double floor = double.IsFinite(ofQueued) ? ofQueued : ofServed;
        // Who is being served itself is active, and not lifted by others that are served too.
        if (double.IsFinite(floor) && (share.InFlight == 0 || double.IsFinite(ofQueued))) share.Account.LiftTo(floor);
    }

    public void Charge(ClientShare share, long promptTokens, long outputTokens) => share.Account.Charged += _price.Of(promptTokens, outputTokens);
}
