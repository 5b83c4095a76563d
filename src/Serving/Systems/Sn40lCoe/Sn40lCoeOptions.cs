using Orrery.Documents;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Serving.Systems.Sn40lCoe;

/// <summary>Machines whose data the options start from.</summary>
public enum CoeMachine
{
    Sn40lNode,
    DgxA100,
    DgxH100,
}

/// <summary>How kernels are made.</summary>
public enum CoeExecution
{
    /// <summary>As the machine's own software does it.</summary>
    Machine,
    Fused,
    Unfused,
}

/// <summary>Options of a composition of experts: many whole models on one machine, one of them per prompt.</summary>
public sealed record Sn40lCoeOptions : ExperimentSpec
{
    private const string Paper = "arXiv 2405.07518 (a)";
    private const string Sheet = "default: the machine's";
    private const string Memory = "arXiv 2405.07518 (c)";
    private const string Assumed = "our assumption (d)";

    /// <summary>Bytes: no expert fits less, whatever the model (d).</summary>
    private const double LeastMemory = 1e6;

    public static readonly OptionSet<Sn40lCoeOptions> Set = new OptionSet<Sn40lCoeOptions>()
        .Choice("machine", o => o.Machine, (o, v) => o with { Machine = v }, "whose data sheet the values below default to", "data sheets (b); bandwidths (c)")
        .OptionalBytes("hbm", o => o.Hbm, (o, v) => o with { Hbm = v }, "fast memory of the machine", Sheet, LeastMemory)
        .OptionalQuantity("hbmBandwidth", Quantity.BytesPerSecond, o => o.HbmBandwidth, (o, v) => o with { HbmBandwidth = v }, "of that memory", Sheet, min: 1)
        .OptionalBytes("slowMemory", o => o.SlowMemory, (o, v) => o with { SlowMemory = v }, "the tier that holds all experts", Sheet, LeastMemory)
        .OptionalQuantity("switchBandwidth", Quantity.BytesPerSecond, o => o.SwitchBandwidth, (o, v) => o with { SwitchBandwidth = v }, "from that tier into fast memory", Sheet, min: 1)
        .OptionalQuantity("compute", Quantity.FlopsPerSecond, o => o.Compute, (o, v) => o with { Compute = v }, "BF16 peak of the machine", Sheet, min: 1)
        .Choice("execution", o => o.Execution, (o, v) => o with { Execution = v }, "fused: a layer is one kernel; unfused: every operator is", Paper)
        .Text("model", o => o.Model, (o, v) => o with { Model = v }, "of which every expert and the router is a copy with weights of its own", Paper)
        .Int("experts", o => o.Experts, (o, v) => o with { Experts = v }, "how many", Paper, max: 100_000)
        .Number("popularity", o => o.Popularity, (o, v) => o with { Popularity = v }, "exponent of Zipf's law over the experts; 0: all alike", Assumed, max: 5)
        .Int("batch", o => o.Batch, (o, v) => o with { Batch = v }, "prompts that come together, each with an expert of its own drawing; the next come when all are answered", Paper, max: 4096)
        .OptionalQuantity("rate", Quantity.Rate, o => o.Rate, (o, v) => o with { Rate = v }, "prompts come at random times instead", Assumed, min: 1e-6)
        .Int("prompts", o => o.Prompts, (o, v) => o with { Prompts = v }, "how many are served; the first tenth warms the memory up and is not counted", Assumed, min: 10, max: 10_000_000)
        .Int("promptTokens", o => o.PromptTokens, (o, v) => o with { PromptTokens = v }, "tokens of a prompt", Assumed, max: 1_000_000)
        .Int("outputTokens", o => o.AnswerTokens, (o, v) => o with { AnswerTokens = v }, "tokens of an answer", Assumed, max: 100_000)
        .Bool("prefetch", o => o.Prefetch, (o, v) => o with { Prefetch = v }, "the router reads ahead, and the next expert is copied during a run", Paper)
        .Bool("group", o => o.Group, (o, v) => o with { Group = v }, "waiting prompts of one expert run as one batch", Paper)
        .Int("largestGroup", o => o.LargestGroup, (o, v) => o with { LargestGroup = v }, "most prompts of such a batch", Assumed, max: 4096)
        .Number("fusedShare", o => o.FusedShare, (o, v) => o with { FusedShare = v }, "η of fused kernels: share of the fast memory's bandwidth", Memory, min: 0.01, max: 1)
        .Number("unfusedShare", o => o.UnfusedShare, (o, v) => o with { UnfusedShare = v }, "η of single operators", Assumed, min: 0.01, max: 1)
        .Number("unfusedKernels", o => o.UnfusedKernels, (o, v) => o with { UnfusedKernels = v }, "kernels of an unfused layer, 10 to 20", "arXiv 2405.07518 (d)", min: 1, max: 1000)
        .Number("computeShare", o => o.ComputeShare, (o, v) => o with { ComputeShare = v }, "share of the peak that long prompts reach", Assumed, min: 0.01, max: 1)
        .Duration("launch", o => o.Launch, (o, v) => o with { Launch = v }, "time to start a kernel", Assumed)
        .Duration("collective", o => o.Collective, (o, v) => o with { Collective = v }, "one allreduce among the devices of the machine; the published network's rate is open", Assumed)
        .Duration("switchFixed", o => o.SwitchFixed, (o, v) => o with { SwitchFixed = v }, "of every switch, beside the copy", Assumed)
        .Bytes("peerHbm", o => o.PeerHbm, (o, v) => o with { PeerHbm = v }, "fast memory of the machines that footprints are compared with", "DGX data sheet (b)", LeastMemory);

    private static readonly IReadOnlyList<ExperimentFigure> AllFigures =
    [
        new("batchSeconds", "s", "Mean time of a batch from its arrival to its last token; of a prompt, where they come at random times."),
        new("p50Seconds", "s", "Median time of a prompt."),
        new("p95Seconds", "s", "Its 95th percentile."),
        new("promptsPerSecond", "/s", "Prompts answered."),
        new("missShare", "", "Share of groups whose expert had to be brought in."),
        new("switchSeconds", "s", "One expert from the slow tier into fast memory."),
        new("switchShare", "", "Share of the time in which the machine waits for a copy."),
        new("tokenSeconds", "s", "One decode step of a single prompt."),
        new("unfusedStep", "x", "The same step with unfused kernels against fused ones, on this machine."),
        new("residentExperts", "", "Experts that fit fast memory beside the router and keys and values."),
        new("machinesNoSwitch", "", "Machines of this kind that hold all experts in fast memory."),
        new("machinesWithTier", "", "Machines of this kind whose slow tier holds all experts."),
        new("footprint", "x", "Machines with peerHbm that hold all experts in fast memory, for each of these."),
    ];

    public CoeMachine Machine { get; init; }

    public Bytes? Hbm { get; init; }

    public double? HbmBandwidth { get; init; }

    public Bytes? SlowMemory { get; init; }

    public double? SwitchBandwidth { get; init; }

    public double? Compute { get; init; }

    public CoeExecution Execution { get; init; }

    public string Model { get; init; } = "llama-2-7b";

    public int Experts { get; init; } = 150;

    public double Popularity { get; init; }

    public int Batch { get; init; } = 8;

    public double? Rate { get; init; }

    public int Prompts { get; init; } = 4000;

    public int PromptTokens { get; init; } = 1024;

    public int AnswerTokens { get; init; } = 20;

    public bool Prefetch { get; init; } = true;

    public bool Group { get; init; } = true;

    public int LargestGroup { get; init; } = 8;

    public double FusedShare { get; init; } = 0.85;

    public double UnfusedShare { get; init; } = 0.6;

    public double UnfusedKernels { get; init; } = 15;

    public double ComputeShare { get; init; } = 0.5;

    public Duration Launch { get; init; } = Duration.FromMicroseconds(4);

    public Duration Collective { get; init; } = Duration.FromMicroseconds(5);

    public Duration SwitchFixed { get; init; } = Duration.FromMicroseconds(100);

    public Bytes PeerHbm { get; init; } = new(640_000_000_000);

    public override IReadOnlyList<ExperimentFigure> Figures => AllFigures;

    public override ExperimentResult Run(RandomStream random, CancellationToken cancel) => new Sn40lCoeExperiment(this).Run(random, cancel);
}
