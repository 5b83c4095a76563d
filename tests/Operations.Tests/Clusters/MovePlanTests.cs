using Orrery.Kernel.Random;
using Orrery.Operations.Clusters;

namespace Orrery.Operations.Tests.Clusters;

public sealed class MovePlanTests
{
    private static readonly Demand One = new(1, 1, 1);

    [Fact]
    public void Overload_is_what_stands_above_the_capacity_resource_by_resource()
    {
        Assert.Equal(0.5 + 0.25, new Demand(1.5, 1, 1.25).Overload(One), 1e-12);
        Assert.True(new Demand(1, 1, 1).FitsIn(One));
        Assert.False(new Demand(1, 1.01, 0).FitsIn(One));
        Assert.Equal(1.0, new Demand(0.5, 0.2, 0.1).Over(new Demand(0.5, 0.5, 0.5)).Largest);
    }

    [Fact]
    public void The_effect_of_a_move_is_the_change_that_follows()
    {
        RandomStream random = RandomStream.Root(5);
        ClusterState cluster = Filled(random, 6, 60);
        MovePlan plan = new(cluster);
        for (int i = 0; i < 200; i++)
        {
            int task = random.NextInt(60);
            int to = random.NextInt(6);
            (double overload, double traffic) before = (plan.Overload, plan.TrafficGigabytes);
            (double overload, double traffic) = plan.Effect(task, to);
            plan.Apply(task, to);
            Assert.Equal(before.overload + overload, plan.Overload, 1e-9);
            Assert.Equal(before.traffic + traffic, plan.TrafficGigabytes, 1e-9);
            Assert.Equal(to, plan.NodeOf(task));
        }
        Assert.Equal(200, plan.Work);
        Assert.Equal(plan.Moved.Sum(moved => cluster.MoveCost(moved.Key)), plan.TrafficGigabytes, 1e-9);
        foreach (Move move in plan.Moves()) cluster.Move(move.Task, move.To);
        Assert.Equal(cluster.Overload(), plan.Overload, 1e-9);
    }

    [Fact]
    public void A_task_that_comes_home_costs_nothing()
    {
        ClusterState cluster = new([One, One]);
        int task = cluster.Add(0, new Demand(0.5, 0.5, 0.5), 3);
        MovePlan plan = new(cluster);
        plan.Apply(task, 1);
        Assert.Equal(3, plan.TrafficGigabytes);
        plan.Apply(task, 0);
        Assert.Equal(0, plan.TrafficGigabytes);
        Assert.Empty(plan.Moves());
    }

    [Fact]
    public void Loads_follow_tasks_that_come_change_move_and_go()
    {
        ClusterState cluster = new([One, One]);
        int a = cluster.Add(0, new Demand(0.25, 0.25, 0), 1);
        int b = cluster.Add(0, new Demand(0.5, 0, 0), 1);
        cluster.Change(a, new Demand(0.75, 0.5, 0), 2);
        Assert.True(cluster.IsOverloaded(0));
        cluster.Move(b, 1);
        Assert.Equal(new Demand(0.75, 0.5, 0), cluster.Load(0));
        Assert.Equal([b], cluster.TasksOf(1));
        cluster.Remove(a);
        Assert.Equal((-1, 0.0), (cluster.NodeOf(a), cluster.Load(0).Largest));
    }

    private static ClusterState Filled(RandomStream random, int nodes, int tasks)
    {
        ClusterState cluster = new([.. Enumerable.Range(0, nodes).Select(_ => One)]);
        for (int i = 0; i < tasks; i++)
            cluster.Add(random.NextInt(nodes), new Demand(random.NextDouble() * 0.3, random.NextDouble() * 0.3, random.NextDouble() * 0.3), random.NextDouble());
        return cluster;
    }
}
