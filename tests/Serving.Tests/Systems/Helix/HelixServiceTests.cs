using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Chains;
using Orrery.Serving.Systems.Helix;

namespace Orrery.Serving.Tests.Systems.Helix;

public class HelixServiceTests
{
    private static readonly HelixOptions Short = new()
    {
        Cluster = "4 a100-40, 4 l4",
        Model = HelixModel.Llama30B.Name,
        Steps = 4000,
        WarmUp = Duration.FromSeconds(20),
        Length = Duration.FromSeconds(60),
    };

    [Fact]
    public void PathsFollowTheFlow()
    {
        HostSpec[] hosts = [Host(0, 2), Host(0, 2), Host(2, 2)];
        (int, int, double)[] flows = [(-1, 0, 30), (-1, 1, 10), (0, 2, 30), (1, 2, 10), (2, -1, 40)];
        HelixRouter router = new(hosts, flows, new HelixRouterOptions(0.9, 0.5, 0.05));
        View view = new(hosts);
        int[] counts = new int[3];
        for (int i = 0; i < 400; i++)
        {
            List<int> path = [];
            Assert.True(router.Admit(new ChainRequest(i, 100, 10, Instant.Zero), view, path));
            Assert.Equal(2, path[1]);
            counts[path[0]]++;
        }
        Assert.Equal([300, 100, 0], counts);
    }

    [Fact]
    public void AFullMachineIsMaskedAndARefusalLeavesNoTrace()
    {
        // 100 + 120 tokens on two layers: 440 of 0.9 · 1000. The second machine takes two requests, then all wait.
        HostSpec[] hosts = [Host(0, 2), Host(2, 2) with { KvEntries = 1000 }];
        HelixRouter router = new(hosts, [(-1, 0, 10), (0, 1, 10), (1, -1, 10)], new HelixRouterOptions(0.9, 0.5, 0.05));
        View view = new(hosts);
        List<int> path = [];
        Assert.True(router.Admit(new ChainRequest(1, 100, 10, Instant.Zero), view, path));
        Assert.Equal([0, 1], path);
        Assert.Equal(0.44, router.Bottleneck(4), 9);
        path.Clear();
        Assert.True(router.Admit(new ChainRequest(2, 100, 10, Instant.Zero), view, path));
        path.Clear();
        Assert.False(router.Admit(new ChainRequest(3, 100, 10, Instant.Zero), view, path));
        Assert.Empty(path);
        Assert.Equal(0.88, router.Bottleneck(4), 9);
        Assert.False(router.Admit(new ChainRequest(4, 5000, 10, Instant.Zero), view, path));
    }

    [Fact]
    public void ARequestThatCameWithAFittingPromptIsNeverLockedOut()
    {
        // Each fills the mark of a machine alone; the second waits for the first and then gets its way.
        HostSpec[] hosts = [Host(0, 2) with { KvEntries = 1000 }];
        HelixRouter router = new(hosts, [(-1, 0, 10), (0, -1, 10)], new HelixRouterOptions(0.01, 0.5, 0.05));
        List<int> path = [];
        Assert.True(router.Admit(new ChainRequest(1, 100, 10, Instant.Zero), new View(hosts), path));
        Assert.False(router.Admit(new ChainRequest(2, 100, 10, Instant.Zero), new View(hosts), []));
        // KV is short enough for restarts, and what restarts is longer than the prompt limit.
        HelixOptions options = Short with
        {
            Cluster = "single-24",
            Model = HelixModel.Llama70B.Name,
            Steps = 0,
            Placement = HelixPlacer.Swarm,
            Scheduler = HelixScheduler.Flow,
            HighWater = 1,
            OutputShare = 0,
            FeedMark = 1,
            PromptMean = 1500,
            OutputMean = 600,
            WarmUp = Duration.FromSeconds(1800),
            Length = Duration.FromSeconds(100),
        };
        ExperimentResult result = options.Run(RandomStream.Root(1), TestContext.Current.CancellationToken);
        Assert.True(result.Values["restarts"] > 0);
        Assert.True(result.Values["decodeTokensPerSecond"] > 10);
    }

    [Theory]
    [InlineData("60 t4x4", 0.05, HelixPlacer.Swarm)]
    [InlineData("1 a100-40, 18 t4", 0.6, HelixPlacer.Swarm)]
    [InlineData("1 a100-40, 18 t4", 1, HelixPlacer.Petals)]
    public void SomeConnectionIsAlwaysUsed(string cluster, double leastFlow, HelixPlacer placer)
    {
        HelixOptions options = Short with { Cluster = cluster, LeastFlow = leastFlow, Placement = placer, Scheduler = HelixScheduler.Flow, Steps = 0 };
        ExperimentResult result = options.Run(RandomStream.Root(1), TestContext.Current.CancellationToken);
        Assert.True(result.Values["decodeTokensPerSecond"] > 0);
        Assert.DoesNotContain(result.Notes, note => note.Contains("no token", StringComparison.Ordinal));
    }

    [Fact]
    public void EquallyThinConnectionsAreAllUsed()
    {
        HostSpec[] hosts = [.. Enumerable.Range(0, 40).Select(_ => Host(0, 2))];
        (int, int, double)[] flows = [.. Enumerable.Range(0, 40).SelectMany(host => ((int, int, double)[])[(-1, host, 1), (host, -1, 1)])];
        HelixRouter router = new(hosts, flows, new HelixRouterOptions(0.9, 0.5, 0.05));
        HashSet<int> first = [];
        for (int i = 0; i < 40; i++)
        {
            List<int> path = [];
            Assert.True(router.Admit(new ChainRequest(i, 100, 10, Instant.Zero), new View(hosts), path));
            first.Add(Assert.Single(path));
        }
        Assert.Equal(40, first.Count);
    }

    [Fact]
    public void OneWhoGivesUpIsHeardWithinASecondOfVirtualTime()
    {
        // A million tokens arrive each second: whole seconds of virtual time would take long.
        HelixOptions options = Short with { Mode = HelixMode.Online, Load = "1000000", Placement = HelixPlacer.Swarm, WarmUp = Duration.Zero, Length = Duration.FromHours(100) };
        using CancellationTokenSource source = new(TimeSpan.FromMilliseconds(50));
        Assert.Throws<OperationCanceledException>(() => options.Run(RandomStream.Root(1), source.Token));
    }

    [Fact]
    public void TimesThatAreNoneAreExplained()
    {
        InputException error = Assert.Throws<InputException>(() => (Short with { Length = Duration.Zero }).Run(RandomStream.Root(1), TestContext.Current.CancellationToken));
        Assert.Contains("duration must be above zero", error.Message, StringComparison.Ordinal);
        HelixOptions options = Short with { Solver = HelixSolver.Cbc, SolverTime = Duration.FromHours(1000) };
        error = Assert.Throws<InputException>(() => options.Run(RandomStream.Root(1), TestContext.Current.CancellationToken));
        Assert.Contains("solverTime is at most", error.Message, StringComparison.Ordinal);
        ExperimentResult brief = (Short with { WarmUp = Duration.Zero, Length = Duration.FromMilliseconds(1) }).Run(RandomStream.Root(1), TestContext.Current.CancellationToken);
        Assert.Contains(brief.Notes, note => note.Contains("no token", StringComparison.Ordinal));
    }

    [Fact]
    public void AThinConnectionIsNotUsed()
    {
        HostSpec[] hosts = [Host(0, 2), Host(0, 2)];
        HelixRouter router = new(hosts, [(-1, 0, 97), (-1, 1, 3), (0, -1, 97), (1, -1, 3)], new HelixRouterOptions(0.9, 0.5, 0.05));
        for (int i = 0; i < 100; i++)
        {
            List<int> path = [];
            router.Admit(new ChainRequest(i, 100, 10, Instant.Zero), new View(hosts), path);
            Assert.Equal([0], path);
        }
    }

    [Theory]
    [InlineData(HelixPlacer.Helix, HelixScheduler.ByPlacement, HelixMode.Offline)]
    [InlineData(HelixPlacer.Helix, HelixScheduler.Random, HelixMode.Offline)]
    [InlineData(HelixPlacer.Helix, HelixScheduler.ShortestQueue, HelixMode.Online)]
    [InlineData(HelixPlacer.Petals, HelixScheduler.Swarm, HelixMode.Online)]
    [InlineData(HelixPlacer.Separate, HelixScheduler.ByPlacement, HelixMode.Online)]
    public void EveryWayServesAndRepeatsExactly(HelixPlacer placer, HelixScheduler scheduler, HelixMode mode)
    {
        HelixOptions options = Short with { Placement = placer, Scheduler = scheduler, Mode = mode, Load = "300" };
        ExperimentResult first = options.Run(RandomStream.Root(2), TestContext.Current.CancellationToken);
        ExperimentResult second = options.Run(RandomStream.Root(2), TestContext.Current.CancellationToken);
        Assert.Equal(first.Values, second.Values);
        Assert.True(first.Values["decodeTokensPerSecond"] > 0);
        Assert.Equal(0, first.Values["refused"]);
        Assert.True(first.Values["flowTokensPerSecond"] <= first.Values["boundTokensPerSecond"]);
        Assert.All(first.Values.Keys, key => Assert.Contains(options.Figures, figure => figure.Name == key));
        Assert.All(first.Tables[0].Rows, row => Assert.Equal(first.Tables[0].Columns.Count, row.Count));
    }

    [Fact]
    public void AClusterThatIsTooSmallIsRefused()
    {
        HelixOptions options = Short with { Cluster = "2 t4", Model = HelixModel.Llama70B.Name };
        InputException error = Assert.Throws<InputException>(() => options.Run(RandomStream.Root(1), TestContext.Current.CancellationToken));
        Assert.Contains("80 layers", error.Message, StringComparison.Ordinal);
        options = Short with { Cluster = "2 t4", Model = HelixModel.Llama70B.Name, Placement = HelixPlacer.Separate };
        Assert.Throws<InputException>(() => options.Run(RandomStream.Root(1), TestContext.Current.CancellationToken));
        options = Short with { Placement = HelixPlacer.Separate, InFlight = "3, 4, 5" };
        error = Assert.Throws<InputException>(() => options.Run(RandomStream.Root(1), TestContext.Current.CancellationToken));
        Assert.Contains("3 numbers", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void KindsServeApart()
    {
        HelixOptions options = Short with { Cluster = "4 a100-40, 6 l4", ByKind = true };
        ExperimentResult result = options.Run(RandomStream.Root(2), TestContext.Current.CancellationToken);
        Assert.True(result.Values["decodeTokensPerSecond"] > 0);
        Assert.InRange(result.Values["hostsPerPath"], 4, 6);
    }

    [Fact]
    public void LengthsHaveTheirMeans()
    {
        HelixLengths lengths = new(Short, RandomStream.Root(1).Split("lengths"));
        (int Prompt, int Output)[] drawn = [.. Enumerable.Range(0, 20_000).Select(_ => lengths.Draw())];
        Assert.Equal(763, drawn.Average(d => d.Prompt), 15.0);
        Assert.Equal(232, drawn.Average(d => d.Output), 6.0);
        Assert.InRange(drawn.Max(d => d.Prompt), 1900, HelixLengths.LongestPrompt);
        Assert.InRange(drawn.Min(d => d.Output), HelixLengths.Shortest, 10);
    }

    private static HostSpec Host(int first, int layers) => new("host", first, layers, 1_000_000, new BatchLimits(1, 2048, 100, 100_000), new Free());

    private sealed class Free : IStageCost
    {
        public double LayerSeconds(in StageWork work) => 0;

        public double EntrySeconds(in StageWork work) => 0;
    }

    private sealed class View(HostSpec[] hosts) : IChainView
    {
        public Instant Now => Instant.Zero;

        public IReadOnlyList<HostSpec> Hosts => hosts;

        public int Queued(int host) => 0;

        public long KvUsed(int host) => 0;
    }
}
