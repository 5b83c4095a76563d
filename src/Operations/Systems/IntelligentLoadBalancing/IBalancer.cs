using Orrery.Kernel.Random;
using Orrery.Operations.Clusters;

namespace Orrery.Operations.Systems.IntelligentLoadBalancing;

/// <summary>Moves tasks of an overloaded cluster. Asked once an interval.</summary>
internal interface IBalancer
{
    /// <param name="cluster">The cluster as it is; not to be changed.</param>
    /// <param name="random">Chance of this interval.</param>
    BalanceResult Plan(ClusterState cluster, RandomStream random);
}

/// <summary>What a balancer wants and what deciding it took.</summary>
/// <param name="Moves">Each task at most once.</param>
/// <param name="Work">Evaluations of one task at one node, all deciders together.</param>
/// <param name="SerialWork">The same on the longest chain of decisions that wait for each other.</param>
/// <param name="Rounds">Exchanges of messages on that chain.</param>
/// <param name="Messages">Requests, refusals and acceptances.</param>
/// <param name="Refusals">Requests that a target refused.</param>
/// <param name="Forced">Moves made after too many refusals.</param>
internal sealed record BalanceResult(
    IReadOnlyList<Move> Moves, long Work = 0, long SerialWork = 0, int Rounds = 0, long Messages = 0, long Refusals = 0, long Forced = 0)
{
    public static BalanceResult Nothing { get; } = new([]);
}

/// <summary>Leaves every task where its first placement put it, as the recorded placements of a cell trace do.</summary>
internal sealed class NoBalancer : IBalancer
{
    public BalanceResult Plan(ClusterState cluster, RandomStream random) => BalanceResult.Nothing;
}

/// <summary>Takes tasks off overloaded nodes in random order and puts each on a random node where it fits: the least that helps.</summary>
internal sealed class RandomBalancer(int tries) : IBalancer
{
    public BalanceResult Plan(ClusterState cluster, RandomStream random)
    {
        MovePlan plan = new(cluster);
        for (int node = 0; node < cluster.Nodes; node++)
        {
            IReadOnlyList<int> tasks = cluster.TasksOf(node);
            for (int attempt = 0; attempt < tries && plan.IsOverloaded(node) && tasks.Count > 0; attempt++)
            {
                int task = tasks[random.NextInt(tasks.Count)];
                int to = random.NextInt(cluster.Nodes);
                if (plan.NodeOf(task) != node || to == node) continue;
                plan.CountEvaluation();
                if ((plan.Load(to) + cluster.Use(task)).FitsIn(cluster.Capacity(to))) plan.Apply(task, to);
            }
        }
        return new(plan.Moves(), plan.Work, plan.Work);
    }
}
