using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Kernel.Solvers;
using Orrery.Kernel.Time;
using Orrery.Serving.Systems.Helix;

namespace Orrery.Serving.Tests.Systems.Helix;

public class HelixPlacementTests
{
    private static readonly RandomStream Random = RandomStream.Root(1);

    [Fact]
    public void TheBoundIsThePublishedOne()
    {
        // The official planner prints 2804 tokens/s for the 24 machines with the 70B model (b).
        (_, _, HelixFlow flow) = Cluster("single-24", HelixModel.Llama70B);
        Assert.Equal(2804, flow.ComputeBound(), 0.5);
    }

    [Fact]
    public void SwarmMakesTwentyEqualStages()
    {
        (HelixCluster cluster, HelixThroughput throughput, HelixFlow flow) = Cluster("single-24", HelixModel.Llama70B);
        HelixPlacement placement = HelixBaselines.Swarm(cluster, HelixModel.Llama70B, throughput);
        Assert.All(placement.Layers, layers => Assert.Equal(4, layers));
        int[] stages = [.. Enumerable.Range(0, 20).Select(stage => placement.Start.Count(start => start == 4 * stage))];
        // Strongest first: 4 A100 and 8 L4 alone, then 12 T4 over eight stages, the four spare ones beside others (b).
        Assert.Equal([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1], stages);
        Assert.Equal(throughput.TokensPerSecond("t4", 4), flow.Solve(placement, partial: false), 9);
        InputException few = Assert.Throws<InputException>(() => Swarm("4 a100-40, 8 t4"));
        Assert.Contains("20 stages", few.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PetalsCoversEveryLayerAndTakesTheMostOfEach()
    {
        (HelixCluster cluster, HelixThroughput throughput, HelixFlow flow) = Cluster("single-24", HelixModel.Llama70B);
        HelixPlacement placement = HelixBaselines.Petals(cluster, HelixModel.Llama70B, throughput, Random.Split("petals"));
        for (int node = 0; node < placement.Layers.Length; node++)
            Assert.Equal(HelixModel.Llama70B.Profiles[cluster.Nodes[node].Kind].MaxLayers, placement.Layers[node]);
        Assert.All(Enumerable.Range(0, 80), layer => Assert.Contains(Enumerable.Range(0, 24), node => placement.Start[node] <= layer && layer < placement.End(node)));
        Assert.True(flow.Solve(placement, partial: true) > 0);
    }

    [Fact]
    public void EachKindServesAloneWithEvenShares()
    {
        (HelixCluster cluster, _, _) = Cluster("single-24", HelixModel.Llama70B);
        (HelixPlacement placement, IReadOnlyList<IReadOnlyList<int>> pipelines) = HelixBaselines.Separate(cluster, HelixModel.Llama70B, plus: false);
        Assert.Equal([4, 8, 12], pipelines.Select(pipeline => pipeline.Count));
        // As published: 20 each, 10 each, 4 × 6 and 8 × 7 (b).
        Assert.Equal([20, 20, 20, 20, 10, 10, 10, 10, 10, 10, 10, 10, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 7], placement.Layers);
        // Of the 42 machines three kinds cannot; V100 and T4 form one more pipeline of five layers each (b).
        (HelixCluster large, _, _) = Cluster("hetero-42", HelixModel.Llama70B);
        Assert.Equal(4, HelixBaselines.Separate(large, HelixModel.Llama70B, plus: false).Pipelines.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheSearchFindsWhatTryingEverythingFinds(bool partial)
    {
        (HelixCluster cluster, HelixModel model, HelixFlow flow) = Toy();
        (_, double best) = Exhaust(cluster, model, flow, partial);
        HelixPlacement start = new(cluster.Nodes.Count);
        for (int node = 0; node < cluster.Nodes.Count; node++) start.Set(node, 0, 1);
        (HelixPlacement found, double value) = new HelixSearch(cluster, model, flow, partial).Run([start], 200_000, Random, TestContext.Current.CancellationToken);
        Assert.Equal(best, value, 6);
        Assert.Equal(value, flow.Solve(found, partial), 9);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheProgrammeFindsWhatTryingEverythingFinds(bool partial)
    {
        CbcSolver solver = new();
        Assert.SkipUnless(solver.Absence is null, solver.Absence ?? "");
        (HelixCluster cluster, HelixModel model, HelixFlow flow) = Toy();
        (HelixPlacement known, double best) = Exhaust(cluster, model, flow, partial);
        HelixProgramme programme = new(cluster, model, flow, partial, fastest: 0);
        (HelixPlacement found, IntegerSolution solution, bool started) =
            programme.Solve(solver, new SolverLimits(Duration.FromSeconds(60)), flow, partial, TestContext.Current.CancellationToken);
        Assert.False(started);
        Assert.Equal(SolverStatus.Optimal, solution.Status);
        Assert.Equal(best, solution.Objective, 3);
        Assert.Equal(best, flow.Solve(found, partial), 3);
        // The optimum as a start is feasible in the programme: nothing in it forbids a placement that works, be it cut to the fastest connections.
        foreach (int fastest in (int[])[0, 1])
        {
            HelixProgramme begun = new(cluster, model, flow, partial, fastest, known);
            (_, IntegerSolution again, bool fromKnown) = begun.Solve(solver, new SolverLimits(Duration.FromSeconds(60)), flow, partial, TestContext.Current.CancellationToken);
            Assert.True(fromKnown);
            Assert.Equal(best, again.Objective, 3);
        }
    }

    [Fact]
    public void AStartSurvivesTheCutToTheFastestConnections()
    {
        // Without a solver: the start that reaches it is a solution of the programme with the flow of the known placement.
        (HelixCluster cluster, HelixThroughput throughput, HelixFlow flow) = Cluster("geo-24", HelixModel.Llama70B);
        HelixPlacement known = HelixBaselines.Swarm(cluster, HelixModel.Llama70B, throughput);
        // A stage with two machines needs only one: the other holds nothing.
        known.Set(Enumerable.Range(0, 24).First(node => known.Start.Count(start => start == known.Start[node]) == 2), 0, 0);
        double tokensPerSecond = flow.Solve(known, partial: false);
        Assert.True(tokensPerSecond > 0);
        HelixProgramme programme = new(cluster, HelixModel.Llama70B, flow, partial: false, fastest: 2, known);
        Repeater solver = new();
        (_, IntegerSolution solution, bool started) = programme.Solve(solver, new SolverLimits(Duration.FromSeconds(1)), flow, partial: false, TestContext.Current.CancellationToken);
        Assert.True(started);
        Assert.True(solution.Objective >= tokensPerSecond - 1e-6);
        Assert.Null(programme.Programme.Violation([.. solution.Values], 1e-5));
        // More layers than the programme allows are no start.
        known.Set(2, 0, 40);
        programme = new(cluster, HelixModel.Llama70B, flow, partial: false, fastest: 2, known);
        Assert.Throws<InputException>(() => programme.Solve(solver, new SolverLimits(Duration.FromSeconds(1)), flow, partial: false, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("4 a100", "a100-40")]
    [InlineData("single24", "single-24")]
    [InlineData("0 t4", "a number and a kind")]
    [InlineData("4 t4 | ", "a number and a kind")]
    public void AClusterThatIsNoneIsExplained(string text, string says) =>
        Assert.Contains(says, Assert.Throws<InputException>(() => Cluster(text, HelixModel.Llama70B)).Message, StringComparison.Ordinal);

    [Fact]
    public void RegionsAreFarApart()
    {
        (HelixCluster cluster, _, _) = Cluster("geo-24", HelixModel.Llama70B);
        Assert.Equal(3, cluster.Regions);
        Assert.Equal([4, 10, 10], Enumerable.Range(0, 3).Select(region => cluster.Nodes.Count(node => node.Region == region)));
        Assert.InRange(cluster.Link(0, 1).Bandwidth.Value, 1.125e9, 1.375e9);
        Assert.InRange(cluster.Link(0, 10).Bandwidth.Value, 10e6, 15e6);
        Assert.InRange(cluster.Link(-1, 0).Latency.Seconds, 0.04, 0.06);
    }

    // Answers the start.
    private sealed class Repeater : IIntegerSolver
    {
        public string Name => "repeater";

        public string? Absence => null;

        public IntegerSolution Solve(IntegerProgramme programme, SolverLimits limits, ReadOnlyMemory<double> start = default, CancellationToken cancel = default) =>
            start.IsEmpty ? new IntegerSolution(SolverStatus.Unknown, double.NaN, []) : new IntegerSolution(SolverStatus.Feasible, programme.Objective(start.Span), start.ToArray());
    }

    private static void Swarm(string text)
    {
        (HelixCluster cluster, HelixThroughput throughput, _) = Cluster(text, HelixModel.Llama70B);
        HelixBaselines.Swarm(cluster, HelixModel.Llama70B, throughput);
    }

    private static (HelixCluster Cluster, HelixThroughput Throughput, HelixFlow Flow) Cluster(string text, HelixModel model)
    {
        HelixCluster cluster = HelixCluster.Parse(text, [.. model.Profiles.Keys], Random.Split("links"));
        HelixThroughput throughput = new(model, cluster.Counts);
        return (cluster, throughput, new HelixFlow(cluster, model, throughput));
    }

    // Six layers over four machines of two kinds that hold up to three and four.
    private static (HelixCluster Cluster, HelixModel Model, HelixFlow Flow) Toy()
    {
        HelixModel real = HelixModel.Llama70B;
        Dictionary<string, HelixProfile> profiles = new()
        {
            ["fast"] = real.Profiles["a100-40"] with { KvBlocks = [60_000, 28_000, 18_000, 12_000] },
            ["slow"] = real.Profiles["t4"] with { KvBlocks = [40_000, 18_000, 11_000] },
        };
        HelixModel model = new("toy", 6, 16_384, profiles, new Dictionary<string, int> { ["fast"] = 3, ["slow"] = 2 }, new Dictionary<string, double> { ["fast"] = 80, ["slow"] = 12.5 });
        (HelixCluster cluster, _, HelixFlow flow) = Cluster("1 fast, 2 slow | 1 slow", model);
        return (cluster, model, flow);
    }

    private static (HelixPlacement Best, double Flow) Exhaust(HelixCluster cluster, HelixModel model, HelixFlow flow, bool partial)
    {
        (int Start, int Layers)[][] choices = [.. cluster.Nodes.Select(node => Intervals(model, model.Profiles[node.Kind].MaxLayers))];
        HelixPlacement placement = new(cluster.Nodes.Count);
        HelixPlacement best = placement.Copy();
        double most = 0;
        int[] digits = new int[choices.Length];
        while (true)
        {
            for (int node = 0; node < digits.Length; node++) placement.Set(node, choices[node][digits[node]].Start, choices[node][digits[node]].Layers);
            double value = flow.Solve(placement, partial);
            if (value > most)
            {
                most = value;
                placement.CopyTo(best);
            }
            int at = 0;
            while (at < digits.Length && ++digits[at] == choices[at].Length) digits[at++] = 0;
            if (at == digits.Length) return (best, most);
        }
    }

    private static (int Start, int Layers)[] Intervals(HelixModel model, int most) =>
        [.. Enumerable.Range(0, model.Layers).SelectMany(start => Enumerable.Range(1, Math.Min(most, model.Layers - start)).Select(layers => (start, layers)))];
}
