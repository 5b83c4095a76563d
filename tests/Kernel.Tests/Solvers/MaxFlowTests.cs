using Orrery.Kernel.Random;
using Orrery.Kernel.Solvers;

namespace Orrery.Kernel.Tests.Solvers;

public class MaxFlowTests
{
    [Fact]
    public void TheTextbookNetwork()
    {
        // Cormen et al., Introduction to Algorithms, figure 26.1: 23.
        MaxFlow graph = new(6);
        (int, int, double)[] edges = [(0, 1, 16), (0, 2, 13), (1, 3, 12), (2, 1, 4), (2, 4, 14), (3, 2, 9), (3, 5, 20), (4, 3, 7), (4, 5, 4)];
        foreach ((int from, int to, double capacity) in edges) graph.AddEdge(from, to, capacity);
        Assert.Equal(23, graph.Solve(0, 5));
        Assert.Equal(23, graph.Solve(0, 5));
        // The cut {s, 1, 2, 4}: 12 + 7 + 4.
        Assert.Equal([true, true, true, false, true, false], [.. Enumerable.Range(0, 6).Select(graph.IsOnSourceSide)]);
        Assert.Equal(12, graph.Flow(2));
    }

    [Fact]
    public void NothingFlowsWithoutAPath()
    {
        MaxFlow graph = new(3);
        graph.AddEdge(0, 1, 5);
        graph.AddEdge(2, 1, 5);
        Assert.Equal(0, graph.Solve(0, 2));
        graph.Clear(2);
        graph.AddEdge(0, 1, double.PositiveInfinity);
        Assert.Throws<InvalidOperationException>(() => graph.Solve(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => graph.AddEdge(0, 1, -1));
        Assert.Throws<ArgumentException>(() => graph.Solve(1, 1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void TheFlowEqualsTheLeastCutAndIsConserved(ulong seed)
    {
        RandomStream random = RandomStream.Root(seed).Split("graph");
        MaxFlow graph = new(2);
        for (int round = 0; round < 100; round++)
        {
            int nodes = 2 + random.NextInt(7);
            graph.Clear(nodes);
            List<(int From, int To, double Capacity)> edges = [];
            for (int i = 0; i < nodes * 3; i++)
            {
                (int, int, double) edge = (random.NextInt(nodes), random.NextInt(nodes), random.NextInt(1000) / 7.0);
                edges.Add(edge);
                graph.AddEdge(edge.Item1, edge.Item2, edge.Item3);
            }
            double flow = graph.Solve(0, nodes - 1);
            double least = double.PositiveInfinity;
            for (int side = 1; side < 1 << nodes; side += 2)
            {
                if ((side & (1 << (nodes - 1))) != 0) continue;
                double cut = edges.Where(e => (side & (1 << e.From)) != 0 && (side & (1 << e.To)) == 0).Sum(e => e.Capacity);
                least = Math.Min(least, cut);
            }
            Assert.Equal(least, flow, 9);
            for (int i = 0; i < edges.Count; i++) Assert.InRange(graph.Flow(i), 0, edges[i].Capacity + 1e-12);
            for (int node = 1; node < nodes - 1; node++)
            {
                double into = Enumerable.Range(0, edges.Count).Where(i => edges[i].To == node).Sum(graph.Flow);
                double outOf = Enumerable.Range(0, edges.Count).Where(i => edges[i].From == node).Sum(graph.Flow);
                Assert.Equal(into, outOf, 9);
            }
        }
    }
}
