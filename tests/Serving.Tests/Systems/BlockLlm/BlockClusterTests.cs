using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Systems.BlockLlm;
using Orrery.World.Catalogue;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Steps;

namespace Orrery.Serving.Tests.Systems.BlockLlm;

public sealed class BlockClusterTests
{
    private const ulong Seed = 4;

    private static readonly BlockLlmOptions Small = new()
    {
        Bases = "llama-7b", Applications = 5, Servers = 2, DevicesPerServer = 1, RatePerSecond = 2, Length = Duration.FromSeconds(20), WarmUp = Duration.Zero,
        PromptMedian = 64, OutputMedian = 24,
    };

    [Theory]
    [InlineData(StoreKind.PerModel)]
    [InlineData(StoreKind.SharedModels)]
    [InlineData(StoreKind.Blocks)]
    public void Every_request_is_served_and_gives_all_memory_back(StoreKind store)
    {
        (BlockCluster cluster, int requests, long tokens) = Run(Small with { Store = store });
        Assert.Equal((requests, tokens), (cluster.Counts.Requests, cluster.Counts.Tokens));
        Assert.Equal((0, 0), (cluster.Counts.Refused, cluster.Counts.Waiting));
        Assert.All(cluster.Counts.Devices, device => Assert.Equal(0, device.KvBytes));
        Assert.All(cluster.Counts.Devices, device => Assert.InRange(device.FreeBytes, 0, long.MaxValue));
    }

    [Fact]
    public void Nothing_is_lost_where_surrogates_replicas_and_moves_come_together()
    {
        BlockLlmOptions busy = Small with { RatePerSecond = 8, SpeculateAbove = 0, OwnerPatience = Duration.Zero, HotRatio = 0, ScaleInterval = Duration.FromSeconds(1), IdleLooks = 1 };
        (BlockCluster cluster, int requests, long tokens) = Run(busy);
        Assert.Equal((requests, tokens), (cluster.Counts.Requests, cluster.Counts.Tokens));
        Assert.True(cluster.Counts.Speculations > 0);
        Assert.InRange(cluster.Counts.SpeculationHits, 1, cluster.Counts.Speculations);
        Assert.All(cluster.Counts.Devices, device => Assert.Equal(0, device.KvBytes));
        Assert.All(cluster.Counts.Devices.SelectMany(device => device.Instances), instance => Assert.Equal((0, false), (instance.Owned, instance.HasWork)));
        Assert.All(cluster.Counts.Devices, device => Assert.Equal(device.WeightBytes, device.Instances.Sum(instance => instance.Block.Bytes)));
    }

    [Fact]
    public void One_request_alone_takes_its_steps_and_hops()
    {
        // One engine: prompt and every further token are a step of the whole model and one hop.
        BlockLlmOptions alone = Small with { Store = StoreKind.PerModel, Applications = 1, AdapterShare = 0 };
        BlockZoo zoo = BlockZoo.Build([Catalog.Model("llama-7b")], alone, RandomStream.Root(Seed));
        var request = new BlockRequest(0, zoo.Models[0], 100, 3, Instant.FromSeconds(1));
        var cluster = new BlockCluster(alone, zoo, Catalog.Device(alone.Device), RandomStream.Root(Seed), [request]);
        cluster.Run(CancellationToken.None);
        var cost = new RooflineCost(Deployment.Create(Catalog.Model("llama-7b"), Catalog.Device(alone.Device), profile: Catalog.ProfileOf(Catalog.Device(alone.Device)))).CreateStep();
        StepShape shape = new();
        shape.AddChunk(new PrefillChunk(100, 0, true));
        cost.Prepare(shape);
        Duration expected = cost.At(0);
        for (int context = 101; context <= 102; context++)
        {
            shape.Clear();
            shape.AddDecode(context);
            cost.Prepare(shape);
            expected += cost.At(0);
        }
        Assert.Equal((expected + (alone.HopTime * 3)).Seconds, Assert.Single(cluster.Counts.EndToEnd), 1e-8);
    }

    [Fact]
    public void Sharing_saves_weights_and_enlarges_batches()
    {
        IReadOnlyDictionary<string, double> separate = Figures(Small with { Store = StoreKind.PerModel, RatePerSecond = 6 });
        IReadOnlyDictionary<string, double> shared = Figures(Small with { Store = StoreKind.SharedModels, RatePerSecond = 6 });
        IReadOnlyDictionary<string, double> blocks = Figures(Small with { RatePerSecond = 6, Replicas = false });
        Assert.True(blocks["storedGigabytes"] < shared["storedGigabytes"]);
        Assert.True(shared["storedGigabytes"] < separate["storedGigabytes"]);
        Assert.True(blocks["weightGigabytes"] < separate["weightGigabytes"]);
        Assert.True(blocks["batchSize"] > separate["batchSize"]);
        Assert.Equal(separate["requests"], blocks["requests"]);
    }

    [Fact]
    public void Batches_of_one_application_are_smaller()
    {
        BlockLlmOptions busy = Small with { RatePerSecond = 8 };
        Assert.True(Figures(busy with { PerBlockBatch = false })["batchSize"] < Figures(busy)["batchSize"]);
    }

    [Fact]
    public void A_request_that_never_fits_is_refused()
    {
        // Half a gigabyte beside the weights: 2,048 tokens need a whole one.
        double share = ((2.0 * Catalog.Model("llama-7b").TotalParameters) + 0.5e9) / Catalog.Device(Small.Device).UsableMemory.Count;
        BlockLlmOptions tight = Small with { Store = StoreKind.PerModel, Applications = 1, AdapterShare = 0, MemoryShare = share, KvShare = 0, Servers = 1 };
        BlockZoo zoo = BlockZoo.Build([Catalog.Model("llama-7b")], tight, RandomStream.Root(Seed));
        var request = new BlockRequest(0, zoo.Models[0], 1024, 1024, Instant.Zero);
        var cluster = new BlockCluster(tight, zoo, Catalog.Device(tight.Device), RandomStream.Root(Seed), [request]);
        cluster.Run(CancellationToken.None);
        Assert.Equal((0, 1), (cluster.Counts.Requests, cluster.Counts.Refused));
    }

    [Fact]
    public void A_run_repeats_and_documents_every_figure()
    {
        ExperimentResult first = Small.Run(RandomStream.Root(Seed), CancellationToken.None);
        Assert.Equal(first.Values, Small.Run(RandomStream.Root(Seed), CancellationToken.None).Values);
        Assert.Empty(first.Values.Keys.Except(Small.Figures.Select(figure => figure.Name)));
    }

    [Fact]
    public void Options_that_do_not_go_together_are_told()
    {
        Assert.Contains("leastShared", Assert.Throws<InputException>(() => Figures(Small with { LeastShared = 0.8 })).Message, StringComparison.Ordinal);
        Assert.Contains("bases", Assert.Throws<InputException>(() => Figures(Small with { Bases = " " })).Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => Figures(Small with { Bases = "no-such-model" }));
    }

    private static IReadOnlyDictionary<string, double> Figures(BlockLlmOptions options) => options.Run(RandomStream.Root(Seed), CancellationToken.None).Values;

    private static (BlockCluster Cluster, int Requests, long Tokens) Run(BlockLlmOptions options)
    {
        RandomStream random = RandomStream.Root(Seed);
        BlockZoo zoo = BlockZoo.Build([Catalog.Model(options.Bases)], options, random);
        List<BlockRequest> requests = BlockExperiment.Requests(options, zoo, random);
        var cluster = new BlockCluster(options, zoo, Catalog.Device(options.Device), random, requests);
        cluster.Run(CancellationToken.None);
        return (cluster, requests.Count, requests.Sum(request => (long)request.AnswerTokens));
    }
}
