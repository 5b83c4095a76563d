using Orrery.Kernel.Random;
using Orrery.Operations.Clusters;

namespace Orrery.Operations.Systems.IntelligentLoadBalancing;

/// <summary>
/// Decentralised agents. The agent of an overloaded node chooses tasks to give away, asks a broker for candidates among the node summaries
/// it has sampled, and sends requests; the target scores the task against its own present load and accepts or refuses; after repeated
/// refusals the move is forced onto the candidate where it adds least overload, unless it would make the whole worse (c; the limits are
/// ours (d)).
/// </summary>
/// <param name="candidates">Nodes that a broker names for a task.</param>
/// <param name="sampledShare">Share of the nodes whose summaries are refreshed in an interval; the others stay as old as they are.</param>
/// <param name="acceptLimit">A target accepts while its fullest resource stays at or below this share of its capacity.</param>
/// <param name="refusalLimit">Refusals after which a move is forced.</param>
internal sealed class AgentBalancer(int candidates, double sampledShare, double acceptLimit, int refusalLimit) : IBalancer
{
    private Demand[] _summaries = [];

    public BalanceResult Plan(ClusterState cluster, RandomStream random)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        Sample(cluster, random.Split("samples"));
        MovePlan plan = new(cluster);
        Tally tally = new();
        for (int node = 0; node < cluster.Nodes; node++)
        {
            if (!plan.IsOverloaded(node)) continue;
            long before = plan.Work;
            int rounds = Shed(cluster, plan, node, random.Split(node), tally);
            tally.SerialWork = Math.Max(tally.SerialWork, plan.Work - before);
            tally.Rounds = Math.Max(tally.Rounds, rounds);
        }
        return new(plan.Moves(), plan.Work, tally.SerialWork, tally.Rounds, tally.Messages, tally.Refusals, tally.Forced);
    }

    private void Sample(ClusterState cluster, RandomStream random)
    {
        if (_summaries.Length != cluster.Nodes)
        {
            _summaries = [.. Enumerable.Range(0, cluster.Nodes).Select(cluster.Load)];
            return;
        }
        for (int node = 0; node < cluster.Nodes; node++)
            if (random.NextDouble() < sampledShare) _summaries[node] = cluster.Load(node);
    }

    /// <summary>Gives tasks away until the node is stable or none can go.</summary>
    /// <returns>Exchanges of messages, one after the other.</returns>
    private int Shed(ClusterState cluster, MovePlan plan, int node, RandomStream random, Tally tally)
    {
        int rounds = 0;
        HashSet<int> kept = [];
        while (plan.IsOverloaded(node))
        {
            if (Choose(cluster, plan, node, kept) is not { } task) break;
            rounds++;
            (int to, double score)[] offers = Ask(cluster, node, task, plan, random);
            bool placed = false;
            int refusals = 0;
            foreach ((int to, _) in offers)
            {
                if (refusals >= refusalLimit) break;
                rounds++;
                tally.Messages += 2;
                plan.CountEvaluation();
                if ((plan.Load(to) + cluster.Use(task)).Over(cluster.Capacity(to)).Largest <= acceptLimit)
                {
                    plan.Apply(task, to);
                    placed = true;
                    break;
                }
                refusals++;
                tally.Refusals++;
            }
            if (!placed && !Force(plan, task, offers, tally)) kept.Add(task);
        }
        return rounds;
    }

    /// <summary>The cheapest task whose going makes the node stable; without one, the task with most relief for its traffic.</summary>
    private static int? Choose(ClusterState cluster, MovePlan plan, int node, HashSet<int> kept)
    {
        int? best = null;
        bool bestSolves = false;
        double least = double.PositiveInfinity;
        Demand capacity = cluster.Capacity(node);
        double overload = plan.Load(node).Overload(capacity);
        foreach (int task in cluster.TasksOf(node))
        {
            if (kept.Contains(task) || plan.NodeOf(task) != node) continue;
            double relief = overload - (plan.Load(node) - cluster.Use(task)).Overload(capacity);
            plan.CountEvaluation();
            if (relief <= 0) continue;
            bool solves = relief >= overload;
            double price = solves ? cluster.MoveCost(task) : cluster.MoveCost(task) / relief;
            if (solves == bestSolves ? price >= least : bestSolves) continue;
            (best, bestSolves, least) = (task, solves, price);
        }
        return best;
    }

    /// <summary>The candidates that a broker's summaries suggest, best score first.</summary>
    private (int To, double Score)[] Ask(ClusterState cluster, int node, int task, MovePlan plan, RandomStream random)
    {
        var offers = new (int To, double Score)[candidates];
        for (int i = 0; i < offers.Length; i++)
        {
            int to = random.NextInt(cluster.Nodes);
            if (to == node) to = (to + 1) % cluster.Nodes;
            plan.CountEvaluation();
            offers[i] = (to, Scores.Slack(_summaries[to] + cluster.Use(task), cluster.Capacity(to)));
        }
        Array.Sort(offers, (a, b) => b.Score != a.Score ? b.Score.CompareTo(a.Score) : a.To.CompareTo(b.To));
        return offers;
    }

    private static bool Force(MovePlan plan, int task, (int To, double Score)[] offers, Tally tally)
    {
        int best = -1;
        double least = 0;
        foreach ((int to, _) in offers)
        {
            double change = plan.Effect(task, to).Overload;
            if (change < least) (best, least) = (to, change);
        }
        if (best < 0) return false;
        plan.Apply(task, best);
        tally.Forced++;
        tally.Messages++;
        return true;
    }

    private sealed class Tally
    {
        public long SerialWork { get; set; }

        public int Rounds { get; set; }

        public long Messages { get; set; }

        public long Refusals { get; set; }

        public long Forced { get; set; }
    }
}
