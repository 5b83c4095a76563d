using Orrery.Serving.Chains;

namespace Orrery.Serving.Systems.Helix;

/// <summary>Parameters of the flow router.</summary>
/// <param name="HighWater">A machine whose expected KV would pass this share of its room is masked.</param>
/// <param name="OutputShare">Share of the mean output that a request is expected to hold.</param>
/// <param name="LeastShare">Connections with less than this share of their machine's flow are not used; where all have less, the largest are.</param>
public sealed record HelixRouterOptions(double HighWater, double OutputShare, double LeastShare);

/// <summary>
/// Chooses a path for each request hop by hop along the maximum flow: of the connections of a machine the one with the least
/// <c>load + w / f</c> (interleaved weighted round-robin), w = tokens of the request, f = flow; then load += w / f (b). Masked are connections with too little
/// flow, machines that take no prompt of this length, and machines whose expected KV, (prompt + share · 240) · layers for each request, would
/// pass the mark. Tokens after the first follow the path and only add to its loads. Without a way the request waits.
/// </summary>
/// <remarks>
/// No request waits for what cannot come (d): a machine always has a connection left, a machine where nothing is expected takes any request, and one
/// that lost its KV is judged by the prompt it came with, as a pass longer than the limit goes alone.
/// </remarks>
public sealed class HelixRouter : IChainRouter
{
    /// <summary>Flows that differ by less than this share are equally large: sums in another order.</summary>
    private const double Same = 1e-9;

    private readonly HelixRouterOptions _options;
    private readonly HostSpec[] _hosts;
    private readonly int _lastLayer;
    private readonly int[] _members;
    private readonly Connection[][] _connections;
    private readonly double[] _expected;
    private readonly List<Connection> _taken = [];

    /// <param name="hosts">The machines.</param>
    /// <param name="flows">The maximum flow: connections with tokens per second; -1 is the coordinator.</param>
    /// <param name="options">Marks.</param>
    /// <param name="members">The machines that count for <see cref="Bottleneck"/>; null: all.</param>
    public HelixRouter(
        IReadOnlyList<HostSpec> hosts, IEnumerable<(int From, int To, double TokensPerSecond)> flows, HelixRouterOptions options, IEnumerable<int>? members = null)
    {
        _members = [.. members ?? Enumerable.Range(0, hosts.Count)];
        _options = options;
        _hosts = [.. hosts];
        _lastLayer = _hosts.Max(host => host.EndLayer);
        _expected = new double[hosts.Count];
        ILookup<int, (int From, int To, double TokensPerSecond)> byFrom = flows.Where(flow => flow.To >= 0 && flow.TokensPerSecond > 0).ToLookup(flow => flow.From);
        _connections = new Connection[hosts.Count + 1][];
        // Later ends first, the coordinator last: what leads nowhere is known before it is connected.
        foreach (int from in Enumerable.Range(0, hosts.Count).OrderByDescending(host => _hosts[host].EndLayer).Append(-1))
        {
            (int From, int To, double TokensPerSecond)[] onward = [.. byFrom[from].Where(flow => IsLast(flow.To) || _connections[flow.To + 1] is { Length: > 0 })];
            double largest = onward.Length > 0 ? onward.Max(flow => flow.TokensPerSecond) : 0;
            double least = Math.Min(options.LeastShare * byFrom[from].Sum(flow => flow.TokensPerSecond), largest * (1 - Same));
            _connections[from + 1] = [.. onward.Where(flow => flow.TokensPerSecond >= least).Select(flow => new Connection(flow.To, flow.TokensPerSecond))];
        }
    }

    public bool Admit(ChainRequest request, IChainView view, List<int> path)
    {
        int tokens = request.PassTokens;
        _taken.Clear();
        int at = -1;
        while (at < 0 || !IsLast(at))
        {
            Connection? best = null;
            foreach (Connection connection in _connections[at + 1])
            {
                if (IsMasked(connection.To, request)) continue;
                if (best is null || connection.Load + (tokens / connection.Flow) < best.Load + (tokens / best.Flow)) best = connection;
            }
            if (best is null)
            {
                foreach (Connection connection in _taken) connection.Load -= tokens / connection.Flow;
                path.Clear();
                return false;
            }
            best.Load += tokens / best.Flow;
            _taken.Add(best);
            path.Add(best.To);
            at = best.To;
        }
        int layer = 0;
        request.RouterMark = Expected(tokens);
        foreach (int host in path)
        {
            _expected[host] += request.RouterMark * (_hosts[host].EndLayer - layer);
            layer = _hosts[host].EndLayer;
        }
        return true;
    }

    public int Next(ChainRequest request, int host, int layer, IChainView view) => throw new InvalidOperationException("the whole path was chosen when it was admitted");

    public void PassStarts(ChainRequest request)
    {
        int from = -1;
        foreach (ChainHop hop in request.Path)
        {
            foreach (Connection connection in _connections[from + 1])
            {
                if (connection.To == hop.Host) connection.Load += 1 / connection.Flow;
            }
            from = hop.Host;
        }
    }

    public void Left(ChainRequest request)
    {
        foreach (ChainHop hop in request.Path) _expected[hop.Host] -= request.RouterMark * hop.Layers;
    }

    /// <summary>The largest share of expected KV over the layers: what the machines of a layer expect over what they have (b).</summary>
    public double Bottleneck(int modelLayers)
    {
        double worst = 0;
        for (int layer = 0; layer < modelLayers; layer++)
        {
            double used = 0;
            double room = 0;
            foreach (int host in _members)
            {
                HostSpec spec = _hosts[host];
                if (layer < spec.FirstLayer || layer >= spec.EndLayer) continue;
                used += _expected[host] / spec.Layers;
                room += (double)spec.KvEntries / spec.Layers;
            }
            if (room > 0) worst = Math.Max(worst, used / room);
        }
        return worst;
    }

    private bool IsLast(int host) => _hosts[host].EndLayer == _lastLayer;

    private double Expected(int promptTokens) => Math.Floor(promptTokens + (HelixThroughput.AnswerTokens * _options.OutputShare));

    // As if the request used all layers of the machine (b).
    private bool IsMasked(int host, ChainRequest request) =>
        request.PromptTokens > _hosts[host].Limits.PromptTokens
        || (_expected[host] > 0 && _expected[host] + (Expected(request.PassTokens) * _hosts[host].Layers) > _options.HighWater * _hosts[host].KvEntries);

    private sealed class Connection(int to, double flow)
    {
        public readonly int To = to;
        public readonly double Flow = flow;
        public double Load;
    }
}
