namespace Orrery.Operations.Clusters;

/// <summary>Nodes with their capacities, tasks with what they use now and where they run; loads are kept up to date.</summary>
/// <param name="capacities">Of the nodes.</param>
public sealed class ClusterState(IReadOnlyList<Demand> capacities)
{
    private readonly Demand[] _capacities = [.. capacities];
    private readonly Demand[] _loads = new Demand[capacities.Count];
    private readonly List<int>[] _tasksOf = [.. capacities.Select(_ => new List<int>())];
    private Demand[] _use = [];
    private int[] _nodeOf = [];
    private int[] _placeOf = [];
    private double[] _moveCosts = [];

    public int Nodes => _capacities.Length;

    /// <summary>Ids below this have been used.</summary>
    public int Tasks { get; private set; }

    public Demand Capacity(int node) => _capacities[node];

    public Demand Load(int node) => _loads[node];

    public IReadOnlyList<int> TasksOf(int node) => _tasksOf[node];

    public Demand Use(int task) => _use[task];

    /// <summary>Where a task runs; −1 when it has ended.</summary>
    public int NodeOf(int task) => _nodeOf[task];

    /// <summary>Gigabytes over the network to move a task now.</summary>
    public double MoveCost(int task) => _moveCosts[task];

    public bool IsOverloaded(int node) => !_loads[node].FitsIn(_capacities[node]);

    /// <summary>Σ over nodes of their overload: zero when the cluster is stable.</summary>
    public double Overload()
    {
        double sum = 0;
        for (int node = 0; node < Nodes; node++) sum += _loads[node].Overload(_capacities[node]);
        return sum;
    }

    /// <summary>Starts a task on a node.</summary>
    /// <returns>Its id.</returns>
    public int Add(int node, Demand use, double moveCost)
    {
        int task = Tasks++;
        if (task == _use.Length)
        {
            int size = Math.Max(16, 2 * task);
            Array.Resize(ref _use, size);
            Array.Resize(ref _nodeOf, size);
            Array.Resize(ref _placeOf, size);
            Array.Resize(ref _moveCosts, size);
        }
        (_use[task], _moveCosts[task]) = (use, moveCost);
        Attach(task, node);
        return task;
    }

    public void Remove(int task)
    {
        Detach(task);
        _nodeOf[task] = -1;
    }

    public void Move(int task, int to)
    {
        Detach(task);
        Attach(task, to);
    }

    /// <summary>A task uses something else from now on.</summary>
    public void Change(int task, Demand use, double moveCost)
    {
        int node = _nodeOf[task];
        _loads[node] = _loads[node] - _use[task] + use;
        (_use[task], _moveCosts[task]) = (use, moveCost);
    }

    /// <summary>Sums the loads anew, so that rounding does not pile up.</summary>
    public void Refresh()
    {
        for (int node = 0; node < Nodes; node++)
        {
            Demand load = default;
            foreach (int task in _tasksOf[node]) load += _use[task];
            _loads[node] = load;
        }
    }

    private void Attach(int task, int node)
    {
        _nodeOf[task] = node;
        _placeOf[task] = _tasksOf[node].Count;
        _tasksOf[node].Add(task);
        _loads[node] += _use[task];
    }

    private void Detach(int task)
    {
        int node = _nodeOf[task];
        List<int> tasks = _tasksOf[node];
        int last = tasks[^1];
        tasks[_placeOf[task]] = last;
        _placeOf[last] = _placeOf[task];
        tasks.RemoveAt(tasks.Count - 1);
        _loads[node] -= _use[task];
    }
}
