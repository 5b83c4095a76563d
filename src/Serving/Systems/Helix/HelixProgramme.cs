using Orrery.Kernel;
using Orrery.Kernel.Solvers;

namespace Orrery.Serving.Systems.Helix;

/// <summary>
/// Helix's placement as a mixed-integer programme (paper and official repository) (b). Machine i holds [s_i, e_i): s_i whole, b_ik says that it holds
/// k layers; f_ij flows from i to j where d_ij allows it. Flow is conserved and at most Σ_k T_i(k)·b_ik; what leaves the source is maximised.
/// </summary>
/// <remarks>
/// d_ij is allowed from the source where s_i = 0, to the sink where e_i = m, between machines where e_i = s_j, or with partial inference where
/// s_j ≤ e_i &lt; e_j (c1 says the first, c2 the second).
/// </remarks>
public sealed class HelixProgramme
{
    private readonly HelixCluster _cluster;
    private readonly HelixModel _model;
    private readonly int[] _start;
    private readonly int[][] _holds;
    private readonly HelixPlacement? _known;
    private readonly Dictionary<(int From, int To), (int Flow, int Allowed, int First, int Second)> _edges = [];

    /// <param name="cluster">The machines.</param>
    /// <param name="model">The cost tables.</param>
    /// <param name="flow">Capacities.</param>
    /// <param name="partial">Requests may enter machines in the middle of their layers.</param>
    /// <param name="fastest">Connections kept from each machine to others, the fastest; 0 keeps all (b: 12 on the large clusters).</param>
    /// <param name="known">A placement to start from: the connections over which it sends something are kept too (d); null: none is known.</param>
    public HelixProgramme(HelixCluster cluster, HelixModel model, HelixFlow flow, bool partial, int fastest, HelixPlacement? known = null)
    {
        _cluster = cluster;
        _model = model;
        int nodes = cluster.Nodes.Count;
        int m = model.Layers;
        _start = new int[nodes];
        _holds = new int[nodes][];
        for (int i = 0; i < nodes; i++) AddMachine(i);
        HashSet<(int From, int To)> used = [];
        if (known is not null) _known = Feasible(known);
        if (_known is not null && fastest > 0)
        {
            flow.Solve(_known, partial);
            used = [.. flow.Flows.Where(connection => connection.TokensPerSecond > 0).Select(connection => (connection.From, connection.To))];
        }
        for (int i = 0; i < nodes; i++)
        {
            // s_i ≤ m(1 − d) from the source, m·d ≤ e_i to the sink.
            (_, int fromSource, _, _) = AddEdge(-1, i, flow, false);
            Programme.AddConstraint($"s{i} from source", Relation.AtMost, m, new(_start[i], 1), new(fromSource, m));
            (_, int toSink, _, _) = AddEdge(i, -1, flow, false);
            Programme.AddConstraint($"e{i} to sink", Relation.AtLeast, 0, [.. End(i), new(toSink, -m)]);
            IEnumerable<int> others = Enumerable.Range(0, nodes).Where(j => j != i);
            if (fastest > 0)
            {
                IEnumerable<int> quick = others.OrderByDescending(j => flow.LinkCapacity(i, j)).ThenBy(j => j).Take(fastest);
                others = quick.Union(others.Where(j => used.Contains((i, j))));
            }
            foreach (int j in others) Join(i, j, AddEdge(i, j, flow, partial), partial);
        }
        for (int i = 0; i < nodes; i++) Conserve(i, flow);
    }

    public IntegerProgramme Programme { get; } = new() { Maximise = true };

    /// <summary>Solves it, from the known placement if there is one, and answers the placement found, its objective, and whether it began there.</summary>
    /// <exception cref="InputException">The solver is absent or found nothing within its limits.</exception>
    public (HelixPlacement Placement, IntegerSolution Solution, bool Started) Solve(
        IIntegerSolver solver, SolverLimits limits, HelixFlow flow, bool partial, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(solver);
        double[] start = _known is null ? [] : Values(_known, flow, partial);
        if (start.Length > 0 && Programme.Violation(start, 1e-5) is not null) start = [];
        IntegerSolution solution = solver.Solve(Programme, limits, start, cancel);
        if (!solution.HasValues)
            throw new InputException($"solver: {solver.Name} found no placement within {limits.Time}; raise `solverTime` or write `solver: heuristic`");
        return (Read(solution.Values), solution, start.Length > 0);
    }

    private HelixPlacement Read(IReadOnlyList<double> values)
    {
        HelixPlacement placement = new(_start.Length);
        for (int i = 0; i < _start.Length; i++)
        {
            int layers = 0;
            for (int k = 0; k < _holds[i].Length; k++)
            {
                if (values[_holds[i][k]] > 0.5) layers = k + 1;
            }
            placement.Set(i, (int)Math.Round(values[_start[i]]), layers);
        }
        return placement;
    }

    // In the programme every machine holds something: one without layers holds the first. Null where one holds more than the programme allows.
    private HelixPlacement? Feasible(HelixPlacement known)
    {
        HelixPlacement placement = known.Copy();
        for (int i = 0; i < _start.Length; i++)
        {
            if (placement.Layers[i] == 0) placement.Set(i, 0, 1);
            if (placement.Layers[i] > _holds[i].Length) return null;
        }
        return placement;
    }

    // A placement as values of all variables: a start for the solver.
    private double[] Values(HelixPlacement placement, HelixFlow flow, bool partial)
    {
        double[] values = new double[Programme.Variables.Count];
        for (int i = 0; i < _start.Length; i++)
        {
            values[_start[i]] = placement.Start[i];
            values[_holds[i][placement.Layers[i] - 1]] = 1;
        }
        flow.Solve(placement, partial);
        foreach ((int from, int to, double tokens) in flow.Flows)
        {
            if (!_edges.TryGetValue((from, to), out var edge)) continue;
            values[edge.Flow] = tokens;
            values[edge.Allowed] = 1;
        }
        foreach (((int from, int to), (_, _, int first, int second)) in _edges)
        {
            if (first < 0) continue;
            values[first] = placement.Start[to] <= placement.End(from) ? 1 : 0;
            values[second] = placement.End(from) < placement.End(to) ? 1 : 0;
        }
        return values;
    }

    private void AddMachine(int i)
    {
        _start[i] = Programme.AddVariable($"s{i}", 0, _model.Layers - 1, true);
        _holds[i] = new int[Math.Min(_model.Profiles[_cluster.Nodes[i].Kind].MaxLayers, _model.Layers)];
        for (int k = 0; k < _holds[i].Length; k++) _holds[i][k] = Programme.AddBinary($"b{i}.{k + 1}");
        Programme.AddConstraint($"one size of {i}", Relation.Equal, 1, [.. _holds[i].Select(b => new Term(b, 1))]);
        Programme.AddConstraint($"end of {i}", Relation.AtMost, _model.Layers, End(i));
    }

    private Term[] End(int i) => [new(_start[i], 1), .. _holds[i].Select((b, k) => new Term(b, k + 1))];

    private (int Flow, int Allowed, int First, int Second) AddEdge(int from, int to, HelixFlow flow, bool partial)
    {
        double capacity = flow.LinkCapacity(from, to);
        int amount = Programme.AddVariable($"f{from}.{to}", 0, capacity, false, from < 0 ? 1 : 0);
        int allowed = Programme.AddBinary($"d{from}.{to}");
        // No connection carries more than the machines at its ends: a tight bound keeps the relaxation honest.
        double most = Math.Min(capacity, Math.Min(MostOf(from, flow), MostOf(to, flow)));
        Programme.AddConstraint($"allowed {from}.{to}", Relation.AtMost, 0, new(amount, 1), new(allowed, -most));
        var edge = (amount, allowed, partial ? Programme.AddBinary($"c1 {from}.{to}") : -1, partial ? Programme.AddBinary($"c2 {from}.{to}") : -1);
        _edges.Add((from, to), edge);
        return edge;
    }

    private double MostOf(int node, HelixFlow flow) =>
        node < 0 ? double.PositiveInfinity : Enumerable.Range(1, _holds[node].Length).Max(k => flow.Capacity(node, k));

    private void Join(int i, int j, (int Flow, int Allowed, int First, int Second) edge, bool partial)
    {
        int m = _model.Layers;
        Term[] end = End(i);
        Term[] less = [.. end.Select(term => term with { Weight = -term.Weight })];
        if (!partial)
        {
            // m·d ≤ m + (s_j − e_i) and m·d ≤ m − (s_j − e_i).
            Programme.AddConstraint($"e{i} ≤ s{j}", Relation.AtMost, m, [.. end, new(_start[j], -1), new(edge.Allowed, m)]);
            Programme.AddConstraint($"e{i} ≥ s{j}", Relation.AtMost, m, [.. less, new(_start[j], 1), new(edge.Allowed, m)]);
            return;
        }
        // (m + 1)(1 − c1) ≥ s_j − e_i; e_j − e_i ≥ 1 − (m + 1)(1 − c2); 2d ≤ c1 + c2.
        Programme.AddConstraint($"s{j} ≤ e{i}", Relation.AtMost, m + 1, [.. less, new(_start[j], 1), new(edge.First, m + 1)]);
        Programme.AddConstraint($"e{i} < e{j}", Relation.AtLeast, -m, [.. End(j), .. less, new(edge.Second, -(m + 1))]);
        Programme.AddConstraint($"both {i}.{j}", Relation.AtMost, 0, new(edge.Allowed, 2), new(edge.First, -1), new(edge.Second, -1));
    }

    private void Conserve(int i, HelixFlow flow)
    {
        Term[] into = [.. _edges.Where(edge => edge.Key.To == i).Select(edge => new Term(edge.Value.Flow, 1))];
        Term[] outOf = [.. _edges.Where(edge => edge.Key.From == i).Select(edge => new Term(edge.Value.Flow, -1))];
        Programme.AddConstraint($"kept at {i}", Relation.Equal, 0, [.. into, .. outOf]);
        Programme.AddConstraint($"computed at {i}", Relation.AtMost, 0, [.. into, .. _holds[i].Select((b, k) => new Term(b, -flow.Capacity(i, k + 1)))]);
    }
}
