using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Operations.Clusters;

namespace Orrery.Operations.Systems.IntelligentLoadBalancing;

/// <summary>
/// The cell, interval by interval: tasks end, begin and change their use; the balancer looks, decides and moves. A node that was
/// overloaded counts as such until the decision is made and its tasks have gone over its link one after the other, at most to the end of
/// the interval; a node that stays overloaded counts for all of it.
/// </summary>
internal sealed class CellSimulation
{
    // A new task looks at this many nodes (d).
    private const int PlacementSample = 16;

    // The first interval has the cell as it was filled; a few more show what becomes of it (d).
    private const int LeastIntervals = 5;

    private readonly IntelligentLoadBalancingOptions _options;
    private readonly CellWorkload _workload;
    private readonly ClusterState _cluster;
    private readonly IBalancer _balancer;
    private readonly PreCopy _preCopy;
    private readonly RandomStream _placement;
    private readonly RandomStream _balance;
    private readonly List<CellTask> _tasks = [];
    private readonly List<int> _running = [];
    private readonly int _meanTasks;

    /// <exception cref="InputException">The interval is zero, or the run has too few of them.</exception>
    public CellSimulation(IntelligentLoadBalancingOptions options, RandomStream random)
    {
        if (options.Interval <= Duration.Zero) throw new InputException("interval: zero is no time between two looks; give a time such as 5min");
        if (options.Length < options.Interval * LeastIntervals)
            throw new InputException($"duration: {options.Length} has fewer than {LeastIntervals} intervals of {options.Interval}, too few to measure anything; give a longer duration or a shorter interval");
        _options = options;
        _workload = new(options, random.Split("workload"));
        IReadOnlyList<Demand> nodes = _workload.Nodes();
        _cluster = new(nodes);
        _meanTasks = _workload.MeanTasks(nodes);
        _balancer = options.Create();
        _preCopy = new(new BytesPerSecond(options.Bandwidth), options.StopCopy, options.CopyRounds);
        _placement = random.Split("placement");
        _balance = random.Split("balancer");
    }

    public ExperimentResult Run(CancellationToken cancel)
    {
        BalanceFigures figures = new(_options);
        for (int i = 0; i < _meanTasks; i++) Place(Instant.Zero, isRunning: true);
        long intervals = _options.Length.Nanoseconds / _options.Interval.Nanoseconds;
        for (long interval = 0; interval < intervals; interval++)
        {
            cancel.ThrowIfCancellationRequested();
            Instant now = Instant.Zero + (_options.Interval * interval);
            EndAndChange(interval, now);
            for (int arrivals = _workload.Arrivals(now, _options.Interval, _meanTasks); arrivals > 0; arrivals--) Place(now, isRunning: false);
            Balance(interval, figures);
        }
        return figures.Result(_running.Count);
    }

    private void EndAndChange(long interval, Instant now)
    {
        int kept = 0;
        for (int i = 0; i < _running.Count; i++)
        {
            int task = _running[i];
            if (_tasks[task].Ends <= now)
            {
                _cluster.Remove(task);
                continue;
            }
            Demand use = _workload.UseAt(task, _tasks[task], interval, now);
            _cluster.Change(task, use, CostOf(task, use).Traffic.Count / 1e9);
            _running[kept++] = task;
        }
        _running.RemoveRange(kept, _running.Count - kept);
        _cluster.Refresh();
    }

    /// <summary>First placement: of a few random nodes the tightest that has room; where none has, the emptiest.</summary>
    private void Place(Instant now, bool isRunning)
    {
        int id = _tasks.Count;
        CellTask task = _workload.Draw(id, now, isRunning);
        // A task's nodes are keyed by its id, so that the draws do not depend on what the balancer did.
        RandomStream stream = _placement.Split(id);
        int best = -1;
        double highest = double.NegativeInfinity;
        int emptiest = 0;
        double least = double.PositiveInfinity;
        for (int i = 0; i < PlacementSample; i++)
        {
            int node = stream.NextInt(_cluster.Nodes);
            Demand after = _cluster.Load(node) + task.Base;
            double fullest = after.Over(_cluster.Capacity(node)).Largest;
            if (fullest < least) (emptiest, least) = (node, fullest);
            if (fullest > _options.PlacementLimit) continue;
            double score = Scores.Tight(after, _cluster.Capacity(node));
            if (score > highest) (best, highest) = (node, score);
        }
        _tasks.Add(task);
        _running.Add(_cluster.Add(best >= 0 ? best : emptiest, task.Base, CostOf(id, task.Base).Traffic.Count / 1e9));
    }

    private void Balance(long interval, BalanceFigures figures)
    {
        bool[] was = new bool[_cluster.Nodes];
        for (int node = 0; node < was.Length; node++) was[node] = _cluster.IsOverloaded(node);
        BalanceResult result = _balancer.Plan(_cluster, _balance.Split(interval));
        Duration decision = (_options.EvaluationTime * result.SerialWork) + (_options.MessageTime * result.Rounds);
        var sending = new Duration[_cluster.Nodes];
        foreach (Move move in result.Moves)
        {
            MigrationCost cost = CostOf(move.Task, _cluster.Use(move.Task));
            sending[_cluster.NodeOf(move.Task)] += cost.Time;
            figures.Moved(cost);
        }
        foreach (Move move in result.Moves) _cluster.Move(move.Task, move.To);
        double overloaded = 0;
        int unresolved = 0;
        for (int node = 0; node < was.Length; node++)
        {
            if (_cluster.IsOverloaded(node))
            {
                unresolved++;
                overloaded += _options.Interval.Seconds;
            }
            else if (was[node])
            {
                overloaded += Duration.Min(_options.Interval, decision + sending[node]).Seconds;
            }
        }
        figures.Decided(result, decision, overloaded, was.Count(node => node), unresolved);
    }

    private MigrationCost CostOf(int task, Demand use) =>
        _preCopy.Cost(new Bytes((long)(use.Memory * _options.LargestMemory.Count)), _tasks[task].DirtyRate);
}
