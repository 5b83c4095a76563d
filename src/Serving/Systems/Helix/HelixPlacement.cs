using Orrery.Kernel.Solvers;

namespace Orrery.Serving.Systems.Helix;

/// <summary>Which layers each machine holds: [Start, Start + Layers), nothing where Layers is 0.</summary>
public sealed class HelixPlacement(int nodes)
{
    /// <summary>First layer, by machine.</summary>
    public int[] Start { get; } = new int[nodes];

    /// <summary>How many layers, by machine.</summary>
    public int[] Layers { get; } = new int[nodes];

    /// <summary>The layer after the last.</summary>
    public int End(int node) => Start[node] + Layers[node];

    public void Set(int node, int start, int layers)
    {
        Start[node] = start;
        Layers[node] = layers;
    }

    public void CopyTo(HelixPlacement other)
    {
        Start.CopyTo(other.Start, 0);
        Layers.CopyTo(other.Layers, 0);
    }

    public HelixPlacement Copy()
    {
        HelixPlacement copy = new(Start.Length);
        CopyTo(copy);
        return copy;
    }

    /// <summary>True when a request that has run all layers of one machine may go on at another: there it needs the next layer.</summary>
    /// <param name="partial">It may enter in the middle of the other's layers (partial inference).</param>
    public bool Connects(int from, int to, bool partial) =>
        Layers[to] > 0 && (partial ? Start[to] <= End(from) && End(from) < End(to) : Start[to] == End(from));
}

/// <summary>
/// The cluster as a flow network in tokens per second: source → machine (in, computation, out) → … → sink; a machine passes min(T(k), network card
/// ÷ activation), a connection its bandwidth ÷ the bytes of a message (b).
/// </summary>
public sealed class HelixFlow
{
    private const int Source = 0;
    private const int Sink = 1;

    private readonly HelixCluster _cluster;
    private readonly HelixModel _model;
    private readonly HelixThroughput _throughput;
    private readonly MaxFlow _graph = new(2);
    private readonly List<(int From, int To, int Edge)> _edges = [];
    private readonly int[] _computation;

    public HelixFlow(HelixCluster cluster, HelixModel model, HelixThroughput throughput)
    {
        _cluster = cluster;
        _model = model;
        _throughput = throughput;
        _computation = new int[cluster.Nodes.Count];
    }

    /// <summary>Placements evaluated.</summary>
    public long Evaluations { get; private set; }

    /// <summary>The connections of the last placement with what flows over them, tokens per second; -1 is the coordinator.</summary>
    public IEnumerable<(int From, int To, double TokensPerSecond)> Flows => _edges.Select(edge => (edge.From, edge.To, _graph.Flow(edge.Edge)));

    /// <summary>What flows through a machine in the last placement.</summary>
    public double Through(int node) => _computation[node] < 0 ? 0 : _graph.Flow(_computation[node]);

    /// <summary>Tokens per second that a machine can pass with so many layers.</summary>
    public double Capacity(int node, int layers) =>
        Math.Min(_throughput.TokensPerSecond(_cluster.Nodes[node].Kind, layers), HelixCluster.PortBytesPerSecond / _model.ActivationBytes);

    /// <summary>Tokens per second that a connection can pass.</summary>
    public double LinkCapacity(int from, int to) =>
        _cluster.Link(from, to).Bandwidth.Value / (from < 0 || to < 0 ? HelixModel.TokenBytes : _model.ActivationBytes);

    /// <summary>The maximum flow of a placement, in tokens per second.</summary>
    public double Solve(HelixPlacement placement, bool partial)
    {
        Evaluations++;
        int nodes = _cluster.Nodes.Count;
        _graph.Clear(2 + (2 * nodes));
        _edges.Clear();
        for (int node = 0; node < nodes; node++)
        {
            _computation[node] = -1;
            if (placement.Layers[node] == 0) continue;
            _computation[node] = _graph.AddEdge(In(node), Out(node), Capacity(node, placement.Layers[node]));
            if (placement.Start[node] == 0) Connect(-1, node);
            if (placement.End(node) == _model.Layers) Connect(node, -1);
            for (int next = 0; next < nodes; next++)
            {
                if (next != node && placement.Connects(node, next, partial)) Connect(node, next);
            }
        }
        return _graph.Solve(Source, Sink);
    }

    /// <summary>Σ max_k(T(k)·k) / m: no placement passes more, whatever the network (b).</summary>
    public double ComputeBound() => _cluster.Nodes.Sum(node => _throughput.MostLayerTokens(node.Kind)) / _model.Layers;

    private static int In(int node) => 2 + (2 * node);

    private static int Out(int node) => 3 + (2 * node);

    private void Connect(int from, int to) =>
        _edges.Add((from, to, _graph.AddEdge(from < 0 ? Source : Out(from), to < 0 ? Sink : In(to), LinkCapacity(from, to))));
}
