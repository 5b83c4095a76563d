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
        Bases = "llama-7b",
        Applications = 5,
        Servers = 2,
        DevicesPerServer = 1,
        RatePerSecond = 2,
        Length = Duration.FromSeconds(20),
        WarmUp = Duration.Zero,
        PromptMedian = 64,
        OutputMedian = 24,
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

    [Theory]
    [InlineData(StoreKind.PerModel)]
    [InlineData(StoreKind.SharedModels)]
    [InlineData(StoreKind.Blocks)]
    public void A_request_s_time_is_waiting_batches_and_hand_overs(StoreKind store)
    {
        IReadOnlyDictionary<string, double> values = Figures(Small with { Store = store, RatePerSecond = 6, Speculation = false });
        // Without surrogates nothing is left over.
        Assert.Equal(0, values["surrogateSeconds"], 1e-9);
        Assert.Equal(values["meanSeconds"], values["admissionSeconds"] + values["queueSeconds"] + values["inBatchSeconds"] + values["handOverSeconds"], 1e-9);
        Assert.True(values["batchOverWeights"] >= 1);
    }

    [Theory]
    [InlineData(BlockOrder.Oldest)]
    [InlineData(BlockOrder.Fullest)]
    public void No_device_is_ever_fuller_than_its_memory_and_no_batch_larger_than_allowed(BlockOrder order)
    {
        // Two gigabytes beside the weights of a base: KV is short, tokens move and blocks are replicated.
        double share = ((2.0 * Catalog.Model("llama-7b").TotalParameters) + 2e9) / Catalog.Device(Small.Device).UsableMemory.Count;
        BlockLlmOptions tight = Small with
        {
            RatePerSecond = 20,
            PromptMedian = 600,
            MemoryShare = share,
            KvShare = 0,
            Servers = 3,
            BatchRequests = 4,
            Order = order,
            OwnerPatience = Duration.Zero,
            ScaleInterval = Duration.FromSeconds(1),
            HotRatio = 0,
        };
        (BlockCluster cluster, int requests, long tokens) = Run(tight);
        Assert.Equal((requests, tokens, 0), (cluster.Counts.Requests, cluster.Counts.Tokens, cluster.Counts.Refused));
        Assert.True(cluster.Counts.LeastFreeBytes >= 0);
        Assert.Equal(4, cluster.Counts.LargestBatch);
        Assert.True(cluster.Counts.Admission.Max() > 0);
        Assert.All(cluster.Counts.Devices, device => Assert.Equal((0, device.Instances.Sum(instance => instance.Block.Bytes)), (device.KvBytes, device.WeightBytes)));
    }

    [Fact]
    public void The_fullest_block_first_serves_the_same_tokens_in_fewer_batches()
    {
        BlockLlmOptions busy = Small with { RatePerSecond = 8, Speculation = false, Replicas = false, Servers = 1 };
        (BlockCluster oldest, int requests, long tokens) = Run(busy);
        (BlockCluster fullest, _, _) = Run(busy with { Order = BlockOrder.Fullest });
        Assert.Equal((requests, tokens), (fullest.Counts.Requests, fullest.Counts.Tokens));
        Assert.True(fullest.Counts.Batches < oldest.Counts.Batches);
    }

    [Theory]
    [InlineData(StoreKind.PerModel)]
    [InlineData(StoreKind.Blocks)]
    public void Fewer_devices_are_not_faster(StoreKind store)
    {
        double before = 0;
        foreach (int servers in (int[])[5, 2, 1])
        {
            double mean = Figures(Small with { Store = store, Servers = servers, RatePerSecond = 6, MemoryShare = 1 })["meanSeconds"];
            Assert.True(mean >= before, $"{servers} servers: {mean} s after {before} s");
            before = mean;
        }
    }

    [Fact]
    public void A_backbone_without_room_for_kv_is_replicated_onto_an_empty_device()
    {
        // The only block takes all but a gigabyte of its device, and the other device is empty.
        BlockLlmOptions tight = Small with { Applications = 1, AdapterShare = 1, RatePerSecond = 20, KvShare = 0, ScaleInterval = Duration.FromSeconds(1) };
        double share = ((2.0 * Catalog.Model("llama-7b").TotalParameters * 1.01) + 1e9) / Catalog.Device(tight.Device).UsableMemory.Count;
        (BlockCluster cluster, int requests, _) = Run(tight with { MemoryShare = share });
        Assert.Equal((requests, 1), (cluster.Counts.Requests, cluster.Counts.Replications));
        // The replica counts from the moment it is ordered, with the KV that lay beside the first.
        long weights = cluster.Counts.Devices.Sum(device => device.WeightBytes);
        Assert.Equal(weights, cluster.Counts.MostWeightBytes);
        Assert.True(cluster.Counts.MostMemoryBytes > weights);
        Assert.All(cluster.Counts.Devices, device => Assert.True(device.BusySeconds > 0));
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
        Assert.Contains("1ms", Assert.Throws<InputException>(() => Figures(Small with { ScaleInterval = Duration.FromNanoseconds(1) })).Message, StringComparison.Ordinal);
        Assert.Contains("shorten duration", Assert.Throws<InputException>(() => Figures(Small with { RatePerSecond = 100, Length = Duration.FromHours(1000) })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Drawing_requests_ends_when_cancelled()
    {
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => Small.Run(RandomStream.Root(Seed), cancelled.Token));
    }

    private static IReadOnlyDictionary<string, double> Figures(BlockLlmOptions options) => options.Run(RandomStream.Root(Seed), CancellationToken.None).Values;

    private static (BlockCluster Cluster, int Requests, long Tokens) Run(BlockLlmOptions options)
    {
        RandomStream random = RandomStream.Root(Seed);
        BlockZoo zoo = BlockZoo.Build([Catalog.Model(options.Bases)], options, random);
        List<BlockRequest> requests = BlockExperiment.Requests(options, zoo, random, CancellationToken.None);
        var cluster = new BlockCluster(options, zoo, Catalog.Device(options.Device), random, requests);
        cluster.Run(CancellationToken.None);
        return (cluster, requests.Count, requests.Sum(request => (long)request.AnswerTokens));
    }
}
