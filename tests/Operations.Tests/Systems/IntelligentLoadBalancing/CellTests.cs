using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Operations.Clusters;
using Orrery.Operations.Systems.IntelligentLoadBalancing;

namespace Orrery.Operations.Tests.Systems.IntelligentLoadBalancing;

public sealed class CellTests
{
    private const ulong Seed = 11;

    private static readonly IntelligentLoadBalancingOptions Small = new() { Nodes = 60, Length = Duration.FromHours(3), Budget = 20_000 };

    [Fact]
    public void Machines_come_in_the_proportions_of_the_cell()
    {
        IReadOnlyList<Demand> nodes = new CellWorkload(Small with { Nodes = 12_569 }, RandomStream.Root(Seed)).Nodes();
        Assert.Equal(6732, nodes.Count(node => node is { Cpu: 0.5, Memory: 0.5 }));
        Assert.Equal(795, nodes.Count(node => node.Cpu == 1));
        Assert.Equal(52, nodes.Count(node => node.Memory == 0.12));
    }

    [Fact]
    public void Tasks_wander_around_what_they_use_on_average()
    {
        CellWorkload workload = new(Small, RandomStream.Root(Seed));
        double sum = 0;
        const int tasks = 4000;
        for (int id = 0; id < tasks; id++)
        {
            CellTask task = workload.Draw(id, Instant.Zero, isRunning: false);
            // Eight in the evening is six hours from the peak: the swing is one.
            sum += workload.UseAt(id, task, 17, Instant.FromSeconds(20 * 3600)).Cpu / task.Base.Cpu;
            Assert.Equal(workload.UseAt(id, task, 17, Instant.Zero), workload.UseAt(id, task, 17, Instant.Zero));
        }
        // A log-normal factor with deviation 0.42 has mean one; five standard errors.
        Assert.InRange(sum / tasks, 1 - (5 * 0.42 / Math.Sqrt(tasks)), 1 + (5 * 0.42 / Math.Sqrt(tasks)));
    }

    [Fact]
    public void Who_runs_at_the_start_is_longer_than_who_begins()
    {
        CellWorkload workload = new(Small, RandomStream.Root(Seed));
        double[] running = [.. Enumerable.Range(0, 999).Select(id => workload.Draw(id, Instant.Zero, isRunning: true).Ends.Seconds)];
        double[] beginning = [.. Enumerable.Range(0, 999).Select(id => workload.Draw(id, Instant.Zero, isRunning: false).Ends.Seconds)];
        Array.Sort(running);
        Array.Sort(beginning);
        Assert.InRange(beginning[499], 700, 1150);
        Assert.True(running[499] > 10 * beginning[499]);
    }

    [Fact]
    public void Every_balancer_sees_the_same_tasks_and_lowers_the_overload()
    {
        IReadOnlyDictionary<string, double> none = Run(Small with { Balancer = Balancer.None });
        Assert.Equal((0.0, 0.0, 1.0), (none["migrations"], none["trafficGigabytes"], none["unresolvedShare"]));
        foreach (Balancer balancer in (Balancer[])[Balancer.Random, Balancer.Greedy, Balancer.Tabu, Balancer.Annealing, Balancer.Agents])
        {
            IReadOnlyDictionary<string, double> figures = Run(Small with { Balancer = balancer });
            Assert.Equal(none["meanTasks"], figures["meanTasks"]);
            Assert.True(figures["overloadedNodeSeconds"] < 0.5 * none["overloadedNodeSeconds"], $"{balancer}: {figures["overloadedNodeSeconds"]}");
            Assert.InRange(figures["migrations"], 1, 10_000);
        }
    }

    [Fact]
    public void An_empty_cell_is_never_overloaded()
    {
        IReadOnlyDictionary<string, double> figures = Run(Small with { Load = 0.05, Wander = 0, MemoryWander = 0 });
        Assert.Equal((0.0, 0.0), (figures["overloadedNodeSeconds"], figures["migrations"]));
    }

    [Fact]
    public void A_slower_link_leaves_nodes_overloaded_for_longer()
    {
        double fast = Run(Small with { Bandwidth = 1.25e9 })["overloadedNodeSeconds"];
        Assert.True(Run(Small with { Bandwidth = 30e6 })["overloadedNodeSeconds"] > fast);
    }

    [Fact]
    public void A_run_repeats_and_documents_every_figure()
    {
        ExperimentResult first = Small.Run(RandomStream.Root(Seed), CancellationToken.None);
        Assert.Equal(first.Values, Small.Run(RandomStream.Root(Seed), CancellationToken.None).Values);
        Assert.Empty(first.Values.Keys.Except(Small.Figures.Select(figure => figure.Name)));
    }

    [Fact]
    public void An_interval_of_zero_is_refused() =>
        Assert.Contains("interval", Assert.Throws<InputException>(() => Run(Small with { Interval = Duration.Zero })).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0, 300)]
    [InlineData(1440, 300)]
    [InlineData(10_800, 172_800)]
    public void A_run_of_too_few_intervals_is_refused(double seconds, double interval)
    {
        IntelligentLoadBalancingOptions options = Small with { Length = Duration.FromSeconds(seconds), Interval = Duration.FromSeconds(interval) };
        Assert.StartsWith("duration:", Assert.Throws<InputException>(() => Run(options)).Message, StringComparison.Ordinal);
    }

    private static IReadOnlyDictionary<string, double> Run(IntelligentLoadBalancingOptions options) => options.Run(RandomStream.Root(Seed), CancellationToken.None).Values;
}
