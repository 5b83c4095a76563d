namespace Orrery.Operations.Clusters;

/// <summary>One task goes to another node.</summary>
public readonly record struct Move(int Task, int To);

/// <summary>
/// A plan in the making over a cluster that does not change: tasks are moved on paper, and the total overload and the traffic of all
/// moved tasks follow each change.
/// </summary>
public sealed class MovePlan
{
    private readonly ClusterState _cluster;
    private readonly Demand[] _loads;
    private readonly Dictionary<int, int> _moved = [];

    public MovePlan(ClusterState cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        _cluster = cluster;
        _loads = [.. Enumerable.Range(0, cluster.Nodes).Select(cluster.Load)];
        Overload = cluster.Overload();
    }

    /// <summary>Σ over nodes of their overload under the plan.</summary>
    public double Overload { get; private set; }

    /// <summary>Σ of the gigabytes of all tasks that the plan moves.</summary>
    public double TrafficGigabytes { get; private set; }

    /// <summary>Evaluations of one task at one node so far: the unit of decision work.</summary>
    public long Work { get; private set; }

    /// <summary>Tasks that are not where they were, with their new nodes.</summary>
    public IReadOnlyDictionary<int, int> Moved => _moved;

    public Demand Load(int node) => _loads[node];

    public int NodeOf(int task) => _moved.TryGetValue(task, out int node) ? node : _cluster.NodeOf(task);

    public bool IsOverloaded(int node) => !_loads[node].FitsIn(_cluster.Capacity(node));

    /// <summary>Change of overload and of traffic if the task went to the node. Counts as one evaluation.</summary>
    public (double Overload, double TrafficGigabytes) Effect(int task, int to)
    {
        Work++;
        int from = NodeOf(task);
        if (from == to) return (0, 0);
        Demand use = _cluster.Use(task);
        Demand here = _cluster.Capacity(from);
        Demand there = _cluster.Capacity(to);
        double overload = (_loads[from] - use).Overload(here) - _loads[from].Overload(here) + (_loads[to] + use).Overload(there) - _loads[to].Overload(there);
        int home = _cluster.NodeOf(task);
        double traffic = from == home ? _cluster.MoveCost(task) : to == home ? -_cluster.MoveCost(task) : 0;
        return (overload, traffic);
    }

    /// <summary>For a decider that judges a task at a node by a rule of its own.</summary>
    public void CountEvaluation() => Work++;

    /// <summary>Moves a task on paper.</summary>
    public void Apply(int task, int to)
    {
        (double overload, double traffic) = Effect(task, to);
        Work--;
        int from = NodeOf(task);
        Demand use = _cluster.Use(task);
        _loads[from] -= use;
        _loads[to] += use;
        Overload = Math.Max(0, Overload + overload);
        TrafficGigabytes = Math.Max(0, TrafficGigabytes + traffic);
        if (to == _cluster.NodeOf(task)) _moved.Remove(task);
        else _moved[task] = to;
    }

    /// <summary>The moves, by task.</summary>
    public IReadOnlyList<Move> Moves() => [.. _moved.OrderBy(pair => pair.Key).Select(pair => new Move(pair.Key, pair.Value))];
}
