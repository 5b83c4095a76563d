using Orrery.Documents;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Systems.BlockLlm;

/// <summary>
/// Many tenants' fine-tunes of few base models on one cluster, served from shared blocks, from shared backbones, or each from an engine of its
/// own (Hu et al., "BlockLLM: Multi-tenant Finer-grained Serving for Large Language Models", arXiv 2404.18322). Only the idea and the two
/// headline figures are from the abstract (a); the mechanism's details are from memory (c) and its constants (c) or ours (d).
/// </summary>
/// <remarks>
/// Not modelled: stitching blocks, trained maps between embeddings of different sizes (c). Blocks are shared among fine-tunes of one base only,
/// and what such a map costs in time and quality is not known.
/// </remarks>
public sealed record BlockLlmOptions : ExperimentSpec
{
    /// <summary>Mean cosine of the output distributions from which two blocks count as equivalent (c).</summary>
    public const double DefaultThreshold = 0.98;

    // With less, one block's weights would take hours.
    private const double LeastBandwidth = 1e6;

    private const string Paper = "Hu et al., arXiv 2404.18322";
    private const string Ours = "our choice (d)";

    public static readonly OptionSet<BlockLlmOptions> Set = new OptionSet<BlockLlmOptions>()
        .Choice<StoreKind>("store", o => o.Store, (o, v) => o with { Store = v }, "per-model (PM), shared-models (PS) or blocks (BlockLLM)", Paper + " (a); baselines (c)")
        .Int("applications", o => o.Applications, (o, v) => o with { Applications = v }, "tenants' models, over the bases in turn", "20 (c)", 1, 1000)
        .Text("bases", o => o.Bases, (o, v) => o with { Bases = v }, "base models, separated by blanks", "7B, 13B and 30B class (c)")
        .Number("adapterShare", o => o.AdapterShare, (o, v) => o with { AdapterShare = v }, "share of the applications that are LoRA-like; the others are full fine-tunes", "60 % (c)", 0, 1)
        .Number("adapterSize", o => o.AdapterSize, (o, v) => o with { AdapterSize = v }, "an adapter's weights over its base's", "all but 1 % is shared (c)", 0, 1)
        .Number("leastShared", o => o.LeastShared, (o, v) => o with { LeastShared = v }, "least share of a fine-tune's layers that are equivalent to its base's at the default threshold", "30 to 70 % (c)", 0, 1)
        .Number("mostShared", o => o.MostShared, (o, v) => o with { MostShared = v }, "most of it", "30 to 70 % (c)", 0, 1)
        .Number("threshold", o => o.Threshold, (o, v) => o with { Threshold = v }, "similarity from which blocks are equivalent", "0.98 (c)", 0, 1.01)
        .Bool("equivalence", o => o.Equivalence, (o, v) => o with { Equivalence = v }, "fine-tunes use equivalent blocks of their base", Paper + " (a)")
        .Number("zipfExponent", o => o.ZipfExponent, (o, v) => o with { ZipfExponent = v }, "popularity of the applications", "1.0 (c)", 0, 5)
        .Quantity("rate", Quantity.Rate, o => o.RatePerSecond, (o, v) => o with { RatePerSecond = v }, "requests of all applications together, Poisson", "1 to 10/s (c)", 1e-6)
        .Duration("duration", o => o.Length, (o, v) => o with { Length = v }, "time in which requests arrive", Ours)
        .Duration("warmUp", o => o.WarmUp, (o, v) => o with { WarmUp = v }, "requests that arrive before are not counted", Ours)
        .Number("promptMedian", o => o.PromptMedian, (o, v) => o with { PromptMedian = v }, "median prompt in tokens (log-normal)", "ShareGPT-like (c); " + Ours, 1)
        .Number("outputMedian", o => o.OutputMedian, (o, v) => o with { OutputMedian = v }, "median output in tokens (log-normal)", "ShareGPT-like (c); " + Ours, 1)
        .Number("lengthSigma", o => o.LengthSigma, (o, v) => o with { LengthSigma = v }, "deviation of the logarithm of both lengths", "ShareGPT-like (c); " + Ours, 0, 3)
        .Text("device", o => o.Device, (o, v) => o with { Device = v }, "device of the catalogue", "A100 with 80 GB (c)")
        .Int("servers", o => o.Servers, (o, v) => o with { Servers = v }, "servers", "4 (c)", 1, 1000)
        .Int("devicesPerServer", o => o.DevicesPerServer, (o, v) => o with { DevicesPerServer = v }, "devices of each", "12 in all (c)", 1, 64)
        .Number("memoryShare", o => o.MemoryShare, (o, v) => o with { MemoryShare = v }, "share of a device's memory for weights and KV", "engines take 0.9 (b)", 0.1, 1)
        .Number("kvShare", o => o.KvShare, (o, v) => o with { KvShare = v }, "share of that which first placement leaves to KV where it can", Ours, 0, 0.9)
        .Quantity("serverBandwidth", Quantity.BytesPerSecond, o => o.ServerBandwidth, (o, v) => o with { ServerBandwidth = v }, "out of a server to the others", "100 Gbit/s; " + Ours, LeastBandwidth)
        .Duration("serverLatency", o => o.ServerLatency, (o, v) => o with { ServerLatency = v }, "between servers", "TCP, 35 us (c)")
        .Quantity("loadBandwidth", Quantity.BytesPerSecond, o => o.LoadBandwidth, (o, v) => o with { LoadBandwidth = v }, "at which a new replica's weights arrive", "PCIe 4 (b)", LeastBandwidth)
        .Duration("hopTime", o => o.HopTime, (o, v) => o with { HopTime = v }, "queueing and launch of a batch at a block", "0.1 to 1 ms (c)")
        .Number("adapterTime", o => o.AdapterTime, (o, v) => o with { AdapterTime = v }, "time of a batch with adapters over one without", Ours, 1, 10)
        .Int("batchRequests", o => o.BatchRequests, (o, v) => o with { BatchRequests = v }, "requests that decode in one batch of a block", Ours, 1, 100_000)
        .Int("batchTokens", o => o.BatchTokens, (o, v) => o with { BatchTokens = v }, "prompt tokens in one batch of a block; a longer prompt goes alone", Ours, 1, 1_000_000)
        .Choice<BlockOrder>("order", o => o.Order, (o, v) => o with { Order = v }, "which of a device's waiting blocks runs next: that of the oldest entry, or the one with most entries", "FIFO queues (c), the choice between them is ours (d)")
        .Bool("perBlockBatch", o => o.PerBlockBatch, (o, v) => o with { PerBlockBatch = v }, "a batch may hold requests of several applications; false: of one, as an engine of its own would", Paper + " (a)")
        .Bool("locality", o => o.Locality, (o, v) => o with { Locality = v }, "neighbours in chains are placed near each other", "(c)")
        .Number("localityWeight", o => o.LocalityWeight, (o, v) => o with { LocalityWeight = v }, "what a neighbour on the device is worth, in mean device loads", Ours, 0, 100)
        .Bool("replicas", o => o.Replicas, (o, v) => o with { Replicas = v }, "hot blocks are replicated and idle replicas go", "(c)")
        .Duration("scaleInterval", o => o.ScaleInterval, (o, v) => o with { ScaleInterval = v }, "between two looks at the queues", Ours)
        .Number("hotRatio", o => o.HotRatio, (o, v) => o with { HotRatio = v }, "mean wait at a block over the time of its last batch from which it is replicated", "threshold (c); " + Ours, 0)
        .Int("idleLooks", o => o.IdleLooks, (o, v) => o with { IdleLooks = v }, "looks without work after which a replica goes", Ours, 1, 10_000)
        .Duration("ownerPatience", o => o.OwnerPatience, (o, v) => o with { OwnerPatience = v }, "a token waits this long for the instance that has its KV before another is considered", "priority to the owner (c); " + Ours)
        .Bool("speculation", o => o.Speculation, (o, v) => o with { Speculation = v }, "surrogates of remote blocks let the next block start early", Paper + " (a)")
        .Number("surrogateTime", o => o.SurrogateTime, (o, v) => o with { SurrogateTime = v }, "a surrogate's time over its block's", "pruned or distilled (c); " + Ours, 0, 1)
        .Number("surrogateHits", o => o.SurrogateHits, (o, v) => o with { SurrogateHits = v }, "share of surrogate outputs that are accepted", "an input, as a simulation cannot know it; " + Ours, 0, 1)
        .Number("speculateAbove", o => o.SpeculateAbove, (o, v) => o with { SpeculateAbove = v }, "hand-over and wait over compute from which a surrogate runs", "large against compute (c); " + Ours, 0);

    public StoreKind Store { get; init; } = StoreKind.Blocks;

    public int Applications { get; init; } = 20;

    public string Bases { get; init; } = "llama-7b llama-13b llama-33b";

    public double AdapterShare { get; init; } = 0.6;

    public double AdapterSize { get; init; } = 0.01;

    public double LeastShared { get; init; } = 0.3;

    public double MostShared { get; init; } = 0.7;

    public double Threshold { get; init; } = DefaultThreshold;

    public bool Equivalence { get; init; } = true;

    public double ZipfExponent { get; init; } = 1;

    public double RatePerSecond { get; init; } = 5;

    public Duration Length { get; init; } = Duration.FromMinutes(4);

    public Duration WarmUp { get; init; } = Duration.FromSeconds(30);

    public double PromptMedian { get; init; } = 128;

    public double OutputMedian { get; init; } = 128;

    public double LengthSigma { get; init; } = 0.8;

    public string Device { get; init; } = "a100-sxm-80gb";

    public int Servers { get; init; } = 4;

    public int DevicesPerServer { get; init; } = 3;

    public double MemoryShare { get; init; } = 0.9;

    public double KvShare { get; init; } = 0.2;

    public double ServerBandwidth { get; init; } = 12.5e9;

    public Duration ServerLatency { get; init; } = Duration.FromMicroseconds(35);

    public double LoadBandwidth { get; init; } = 25e9;

    public Duration HopTime { get; init; } = Duration.FromMicroseconds(300);

    public double AdapterTime { get; init; } = 1.05;

    public int BatchRequests { get; init; } = 64;

    public int BatchTokens { get; init; } = 2048;

    public BlockOrder Order { get; init; }

    public bool PerBlockBatch { get; init; } = true;

    public bool Locality { get; init; } = true;

    public double LocalityWeight { get; init; } = 1;

    public bool Replicas { get; init; } = true;

    public Duration ScaleInterval { get; init; } = Duration.FromSeconds(5);

    public double HotRatio { get; init; } = 1;

    public int IdleLooks { get; init; } = 12;

    public Duration OwnerPatience { get; init; } = Duration.FromMilliseconds(200);

    public bool Speculation { get; init; } = true;

    public double SurrogateTime { get; init; } = 0.25;

    public double SurrogateHits { get; init; } = 0.8;

    public double SpeculateAbove { get; init; } = 1;

    public override IReadOnlyList<ExperimentFigure> Figures => BlockFigures.All;

    public override ExperimentResult Run(RandomStream random, CancellationToken cancel) => BlockExperiment.Run(this, random, cancel);
}
