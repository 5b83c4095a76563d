using Orrery.Kernel.Random;
using Orrery.Operations.Clusters;

namespace Orrery.Operations.Systems.IntelligentLoadBalancing;

/// <summary>
/// What tabu search and annealing share: candidate moves are a task of an overloaded node to any node, or a task that the plan has moved
/// back home or elsewhere. The best plan seen is the answer. Budgets are evaluations, never time, so that runs repeat.
/// </summary>
internal abstract class LocalSearch(SearchCost cost, long budget) : IBalancer
{
    protected SearchCost Cost { get; } = cost;

    protected long Budget { get; } = budget;

    public BalanceResult Plan(ClusterState cluster, RandomStream random)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        MovePlan plan = new(cluster);
        int[] overloaded = [.. Enumerable.Range(0, cluster.Nodes).Where(cluster.IsOverloaded)];
        if (overloaded.Length == 0) return BalanceResult.Nothing;
        var best = new BestPlan(Cost.Of(plan));
        Search(new Neighbourhood(cluster, plan, overloaded, random), plan, best);
        return new(best.Moves, plan.Work, plan.Work);
    }

    protected abstract void Search(Neighbourhood neighbours, MovePlan plan, BestPlan best);

    /// <summary>The cheapest plan seen.</summary>
    protected sealed class BestPlan(double cost)
    {
        public double Cost { get; private set; } = cost;

        public IReadOnlyList<Move> Moves { get; private set; } = [];

        public void Offer(double cost, MovePlan plan)
        {
            // A difference smaller than this is rounding, not an improvement.
            const double least = 1e-9;
            if (cost > Cost - least) return;
            (Cost, Moves) = (cost, plan.Moves());
        }
    }

    /// <summary>Draws candidate moves.</summary>
    protected sealed class Neighbourhood(ClusterState cluster, MovePlan plan, int[] overloaded, RandomStream random)
    {
        // Every so many candidates a moved task is tried elsewhere, half of the times at home (d).
        private const double RevisitShare = 0.25;
        private const double HomeShare = 0.5;

        private readonly List<int> _moved = [];

        public RandomStream Random => random;

        public Move Draw()
        {
            if (_moved.Count > 0 && random.NextDouble() < RevisitShare)
            {
                int moved = _moved[random.NextInt(_moved.Count)];
                return new(moved, random.NextDouble() < HomeShare ? cluster.NodeOf(moved) : random.NextInt(cluster.Nodes));
            }
            IReadOnlyList<int> tasks = cluster.TasksOf(overloaded[random.NextInt(overloaded.Length)]);
            return new(tasks[random.NextInt(tasks.Count)], random.NextInt(cluster.Nodes));
        }

        public void Apply(Move move)
        {
            bool wasHome = plan.NodeOf(move.Task) == cluster.NodeOf(move.Task);
            plan.Apply(move.Task, move.To);
            bool isHome = move.To == cluster.NodeOf(move.Task);
            if (wasHome && !isHome) _moved.Add(move.Task);
            else if (!wasHome && isHome) _moved.Remove(move.Task);
        }
    }
}

/// <summary>Centralised tabu search: the best of a few candidates is taken even if it costs, and a task may not move again for a while (c).</summary>
/// <param name="cost">What is lowered.</param>
/// <param name="budget">Evaluations.</param>
/// <param name="candidates">Moves looked at before one is taken.</param>
/// <param name="tenure">Moves during which a task that moved stays.</param>
internal sealed class TabuSearch(SearchCost cost, long budget, int candidates, int tenure) : LocalSearch(cost, budget)
{
    protected override void Search(Neighbourhood neighbours, MovePlan plan, BestPlan best)
    {
        Dictionary<int, long> freeFrom = [];
        double current = best.Cost;
        for (long step = 0; plan.Work < Budget; step++)
        {
            Move? chosen = null;
            double least = double.PositiveInfinity;
            for (int i = 0; i < candidates; i++)
            {
                Move move = neighbours.Draw();
                double change = Cost.Of(plan.Effect(move.Task, move.To));
                // A tabu move that beats every plan so far is taken all the same.
                bool tabu = freeFrom.GetValueOrDefault(move.Task) > step && current + change >= best.Cost;
                if (!tabu && change < least && move.To != plan.NodeOf(move.Task)) (chosen, least) = (move, change);
            }
            if (chosen is not { } next) continue;
            neighbours.Apply(next);
            freeFrom[next.Task] = step + tenure;
            current += least;
            best.Offer(current, plan);
        }
    }
}

/// <summary>Centralised simulated annealing: a move that costs is taken with probability exp(−cost/temperature), the temperature falls geometrically (c).</summary>
/// <param name="cost">What is lowered.</param>
/// <param name="budget">Evaluations.</param>
/// <param name="hottest">Temperature at the start, in units of the cost.</param>
/// <param name="coldest">Temperature at the end.</param>
internal sealed class Annealing(SearchCost cost, long budget, double hottest, double coldest) : LocalSearch(cost, budget)
{
    protected override void Search(Neighbourhood neighbours, MovePlan plan, BestPlan best)
    {
        double current = best.Cost;
        while (plan.Work < Budget)
        {
            double temperature = hottest * Math.Pow(coldest / hottest, (double)plan.Work / Budget);
            Move move = neighbours.Draw();
            double change = Cost.Of(plan.Effect(move.Task, move.To));
            if (move.To == plan.NodeOf(move.Task) || (change > 0 && neighbours.Random.NextDouble() >= Math.Exp(-change / temperature))) continue;
            neighbours.Apply(move);
            current += change;
            best.Offer(current, plan);
        }
    }
}
