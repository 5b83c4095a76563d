namespace Orrery.Kernel.Solvers;

/// <summary>
/// The most that can flow from a source to a sink through edges with capacities, and what then flows over each edge (Dinic 1970: blocking flows
/// over shortest paths, at most nodes² · edges steps).
/// </summary>
/// <remarks>
/// Capacities are real numbers; every augmentation empties one edge exactly, so there is no tolerance and the search always ends. The same
/// edges in the same order give the same flows, bit for bit. <see cref="Clear"/> keeps the arrays: a search over many graphs allocates nothing.
/// </remarks>
public sealed class MaxFlow
{
    private int[] _first;
    private int[] _level;
    private int[] _next;
    private int[] _queue;

    // Edge 2i runs forward, 2i + 1 back.
    private int[] _to = new int[64];
    private int[] _sibling = new int[64];
    private double[] _free = new double[64];
    private double[] _capacity = new double[32];
    private int _halves;

    /// <param name="nodes">Nodes are numbered from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than two nodes.</exception>
    public MaxFlow(int nodes)
    {
        _first = [];
        _level = [];
        _next = [];
        _queue = [];
        Clear(nodes);
    }

    /// <summary>Number of nodes.</summary>
    public int Nodes { get; private set; }

    /// <summary>Number of edges.</summary>
    public int Edges => _halves / 2;

    /// <summary>Starts anew with this many nodes and no edges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than two nodes.</exception>
    public void Clear(int nodes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nodes, 2);
        Nodes = nodes;
        _halves = 0;
        if (_first.Length < nodes)
        {
            _first = new int[nodes];
            _level = new int[nodes];
            _next = new int[nodes];
            _queue = new int[nodes];
        }
        Array.Fill(_first, -1);
    }

    /// <summary>Adds a directed edge and answers its index.</summary>
    /// <param name="from">Where it starts.</param>
    /// <param name="to">Where it ends.</param>
    /// <param name="capacity">The most that flows over it; infinity: no limit of its own.</param>
    /// <exception cref="ArgumentOutOfRangeException">A node does not exist, or the capacity is negative or not a number.</exception>
    public int AddEdge(int from, int to, double capacity)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)from, (uint)Nodes, nameof(from));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)to, (uint)Nodes, nameof(to));
        if (!(capacity >= 0)) throw new ArgumentOutOfRangeException(nameof(capacity), capacity, "a capacity is zero or more");
        if (_halves + 2 > _to.Length)
        {
            Array.Resize(ref _to, _to.Length * 2);
            Array.Resize(ref _sibling, _to.Length);
            Array.Resize(ref _free, _to.Length);
            Array.Resize(ref _capacity, _to.Length / 2);
        }
        int edge = _halves / 2;
        _capacity[edge] = capacity;
        Half(from, to, capacity);
        Half(to, from, 0);
        return edge;
    }

    /// <summary>Finds the maximum flow. Calling it again with other ends starts from no flow.</summary>
    /// <exception cref="ArgumentException">Source and sink are the same node.</exception>
    /// <exception cref="InvalidOperationException">A path of edges without limits joins them.</exception>
    public double Solve(int source, int sink)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)source, (uint)Nodes, nameof(source));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)sink, (uint)Nodes, nameof(sink));
        if (source == sink) throw new ArgumentException("source and sink are different nodes", nameof(sink));
        for (int edge = 0; edge < Edges; edge++)
        {
            _free[2 * edge] = _capacity[edge];
            _free[(2 * edge) + 1] = 0;
        }
        double total = 0;
        while (Rank(source, sink))
        {
            Array.Copy(_first, _next, Nodes);
            while (true)
            {
                double pushed = Push(source, sink, double.PositiveInfinity);
                if (pushed == 0) break;
                if (double.IsInfinity(pushed)) throw new InvalidOperationException("the flow has no limit: give some edge of every path a finite capacity");
                total += pushed;
            }
        }
        return total;
    }

    /// <summary>What flows over an edge after <see cref="Solve"/>.</summary>
    public double Flow(int edge) => _free[(2 * edge) + 1];

    /// <summary>The least of all cuts after <see cref="Solve"/>: true for nodes that the source can still reach. The full edges that leave this side
    /// are what limits the flow.</summary>
    public bool IsOnSourceSide(int node) => _level[node] >= 0;

    private void Half(int from, int to, double free)
    {
        _to[_halves] = to;
        _free[_halves] = free;
        _sibling[_halves] = _first[from];
        _first[from] = _halves++;
    }

    // Distances from the source over edges that are not full; false when the sink is out of reach.
    private bool Rank(int source, int sink)
    {
        Array.Fill(_level, -1, 0, Nodes);
        _level[source] = 0;
        int head = 0;
        int tail = 0;
        _queue[tail++] = source;
        while (head < tail)
        {
            int node = _queue[head++];
            for (int half = _first[node]; half >= 0; half = _sibling[half])
            {
                int other = _to[half];
                if (_free[half] <= 0 || _level[other] >= 0) continue;
                _level[other] = _level[node] + 1;
                _queue[tail++] = other;
            }
        }
        return _level[sink] >= 0;
    }

    private double Push(int node, int sink, double limit)
    {
        if (node == sink) return limit;
        for (; _next[node] >= 0; _next[node] = _sibling[_next[node]])
        {
            int half = _next[node];
            int other = _to[half];
            if (_free[half] <= 0 || _level[other] != _level[node] + 1) continue;
            double pushed = Push(other, sink, Math.Min(limit, _free[half]));
            if (pushed == 0) continue;
            _free[half] -= pushed;
            _free[half ^ 1] += pushed;
            return pushed;
        }
        return 0;
    }
}
