using Orrery.Kernel.Random;
using Orrery.Operations.Clusters;
using Orrery.Operations.Systems.IntelligentLoadBalancing;

namespace Orrery.Operations.Tests.Systems.IntelligentLoadBalancing;

public sealed class BalancerTests
{
    private const long Plenty = 50_000;

    private static readonly Demand One = new(1, 1, 1);
    private static readonly SearchCost Cost = new(100_000, 1);

    public static TheoryData<string> Searches() => ["random", "greedy", "tabu", "annealing", "agents"];

    [Theory]
    [MemberData(nameof(Searches))]
    public void A_stable_cluster_is_left_alone(string name)
    {
        ClusterState cluster = new([One, One]);
        cluster.Add(0, new Demand(1, 1, 1), 1);
        Assert.Empty(Of(name).Plan(cluster, RandomStream.Root(1)).Moves);
    }

    [Theory]
    [MemberData(nameof(Searches))]
    public void Overload_ends_where_there_is_room(string name)
    {
        for (ulong seed = 0; seed < 5; seed++)
        {
            ClusterState cluster = Crowded(RandomStream.Root(seed));
            Assert.True(cluster.Overload() > 0);
            BalanceResult result = Of(name).Plan(cluster, RandomStream.Root(seed));
            foreach (Move move in result.Moves) cluster.Move(move.Task, move.To);
            Assert.Equal(0, cluster.Overload(), 1e-12);
            Assert.Equal(result.Moves.Count, result.Moves.Select(move => move.Task).Distinct().Count());
            Assert.InRange(result.SerialWork, 0, result.Work);
        }
    }

    [Theory]
    [InlineData("greedy")]
    [InlineData("tabu")]
    [InlineData("agents")]
    public void The_cheaper_of_two_tasks_goes(string name)
    {
        // Either task's going ends the overload; the second costs a tenth.
        ClusterState cluster = new([One, One]);
        cluster.Add(0, new Demand(0.6, 0.1, 0.1), 10);
        int cheap = cluster.Add(0, new Demand(0.6, 0.1, 0.1), 1);
        Assert.Equal([new Move(cheap, 1)], Of(name).Plan(cluster, RandomStream.Root(1)).Moves);
    }

    [Fact]
    public void A_search_prefers_one_dear_move_to_two_only_if_they_cost_more()
    {
        ClusterState cluster = new([One, One]);
        cluster.Add(0, new Demand(0.2, 0, 0), 1);
        cluster.Add(0, new Demand(0.2, 0, 0), 1);
        int large = cluster.Add(0, new Demand(0.4, 0, 0), 5);
        cluster.Add(0, new Demand(0.5, 0, 0), 100);
        // 1.3 in use: both small ones cost 2, the large one 5.
        IReadOnlyList<Move> moves = new TabuSearch(Cost, Plenty, 16, 3).Plan(cluster, RandomStream.Root(2)).Moves;
        Assert.Equal(2, moves.Count);
        Assert.DoesNotContain(moves, move => move.Task == large);
    }

    [Fact]
    public void Budgets_are_kept()
    {
        ClusterState cluster = Crowded(RandomStream.Root(9));
        Assert.InRange(new GreedySearch(Cost, 10).Plan(cluster, RandomStream.Root(1)).Work, 1, 10);
        Assert.InRange(new Annealing(Cost, 10, 5, 0.05).Plan(cluster, RandomStream.Root(1)).Work, 10, 10);
        Assert.InRange(new TabuSearch(Cost, 10, 8, 3).Plan(cluster, RandomStream.Root(1)).Work, 10, 17);
    }

    [Fact]
    public void Refused_by_all_an_agent_forces_a_move_that_lowers_the_overload_of_the_whole()
    {
        // The only other node would be full to 0.99 and refuses above 0.95.
        ClusterState cluster = new([One, One]);
        cluster.Add(0, new Demand(0.6, 0, 0), 1);
        cluster.Add(0, new Demand(0.6, 0, 0), 1);
        cluster.Add(1, new Demand(0.39, 0, 0), 1);
        BalanceResult result = new AgentBalancer(4, 1, 0.95, 2).Plan(cluster, RandomStream.Root(1));
        Assert.Single(result.Moves);
        Assert.Equal((2, 1), (result.Refusals, result.Forced));
    }

    [Fact]
    public void Nothing_is_forced_that_would_only_shift_the_overload()
    {
        ClusterState cluster = new([One, One]);
        cluster.Add(0, new Demand(0.6, 0, 0), 1);
        cluster.Add(0, new Demand(0.6, 0, 0), 1);
        cluster.Add(1, new Demand(0.9, 0, 0), 1);
        BalanceResult result = new AgentBalancer(4, 1, 0.95, 2).Plan(cluster, RandomStream.Root(1));
        Assert.Empty(result.Moves);
        Assert.Equal(0, result.Forced);
    }

    [Fact]
    public void Old_summaries_mislead_agents_and_the_target_refuses()
    {
        var agents = new AgentBalancer(8, 0, 0.95, 20);
        ClusterState cluster = new([One, One, One]);
        int wandering = cluster.Add(0, new Demand(0.5, 0, 0), 1);
        cluster.Add(0, new Demand(0.4, 0, 0), 1);
        int filling = cluster.Add(1, new Demand(0.1, 0, 0), 1);
        cluster.Add(2, new Demand(0.3, 0, 0), 1);
        Assert.Empty(agents.Plan(cluster, RandomStream.Root(1)).Moves);
        // The first plan has seen node 1 almost empty; since then it has filled up.
        cluster.Change(wandering, new Demand(0.65, 0, 0), 1);
        cluster.Change(filling, new Demand(0.9, 0, 0), 1);
        BalanceResult result = agents.Plan(cluster, RandomStream.Root(1));
        Assert.True(result.Refusals > 0);
        Assert.Equal(2, Assert.Single(result.Moves).To);
    }

    [Fact]
    public void Scores_reward_proportion_and_differ_in_what_else_they_want()
    {
        Demand even = new(0.5, 0.5, 0.5);
        Demand skewed = new(0.9, 0.3, 0.3);
        Assert.True(Scores.Tight(even, One) > Scores.Tight(skewed, One));
        Assert.True(Scores.Slack(even, One) > Scores.Slack(skewed, One));
        Assert.True(Scores.Tight(new(0.8, 0.8, 0.8), One) > Scores.Tight(even, One));
        Assert.True(Scores.Slack(new(0.8, 0.8, 0.8), One) < Scores.Slack(even, One));
    }

    private static IBalancer Of(string name) => name switch
    {
        "random" => new RandomBalancer(10_000),
        "greedy" => new GreedySearch(Cost, Plenty),
        "tabu" => new TabuSearch(Cost, Plenty, 16, 5),
        "annealing" => new Annealing(Cost, Plenty, 5, 0.05),
        _ => new AgentBalancer(20, 1, 0.95, 5),
    };

    /// <summary>Twenty nodes, two of them above their capacity, the others half full.</summary>
    private static ClusterState Crowded(RandomStream random)
    {
        ClusterState cluster = new([.. Enumerable.Range(0, 20).Select(_ => One)]);
        for (int node = 0; node < 20; node++)
        {
            int tasks = node < 2 ? 12 : 5;
            for (int i = 0; i < tasks; i++) cluster.Add(node, new Demand(0.1, 0.05 + (0.05 * random.NextDouble()), 0.02), 0.1 + random.NextDouble());
        }
        return cluster;
    }
}
