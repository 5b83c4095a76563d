using Orrery.Kernel.Random;
using Orrery.Operations.Clusters;

namespace Orrery.Operations.Systems.IntelligentLoadBalancing;

/// <summary>
/// Centralised, greedy: node by overloaded node, the pair of task and target that lowers cost most, over all tasks of the node and all
/// nodes of the cluster, until the node is stable or nothing helps. Work grows with nodes · overloaded nodes.
/// </summary>
internal sealed class GreedySearch(SearchCost cost, long budget) : IBalancer
{
    public BalanceResult Plan(ClusterState cluster, RandomStream random)
    {
        MovePlan plan = new(cluster);
        for (int node = 0; node < cluster.Nodes; node++)
        {
            while (plan.IsOverloaded(node) && plan.Work < budget)
            {
                if (Best(cluster, plan, node) is not { } move) break;
                plan.Apply(move.Task, move.To);
            }
        }
        return new(plan.Moves(), plan.Work, plan.Work);
    }

    private Move? Best(ClusterState cluster, MovePlan plan, int node)
    {
        Move? best = null;
        double least = 0;
        foreach (int task in cluster.TasksOf(node))
        {
            if (plan.NodeOf(task) != node) continue;
            for (int to = 0; to < cluster.Nodes && plan.Work < budget; to++)
            {
                if (to == node) continue;
                double change = cost.Of(plan.Effect(task, to));
                if (change < least) (best, least) = (new(task, to), change);
            }
        }
        return best;
    }
}

/// <summary>The cost that the centralised searches lower: a large weight on overload, a small one on the traffic of the moves (c).</summary>
/// <param name="OverloadWeight">Gigabytes that a whole machine's overload is worth.</param>
/// <param name="TrafficWeight">Weight of a gigabyte; zero searches without a price on moves.</param>
internal sealed record SearchCost(double OverloadWeight, double TrafficWeight)
{
    public double Of((double Overload, double TrafficGigabytes) effect) => (OverloadWeight * effect.Overload) + (TrafficWeight * effect.TrafficGigabytes);

    public double Of(MovePlan plan) => Of((plan.Overload, plan.TrafficGigabytes));
}
