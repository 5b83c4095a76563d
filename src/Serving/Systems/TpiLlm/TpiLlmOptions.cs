using Orrery.Documents;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Serving.Systems.TpiLlm;

/// <summary>Options of TPI-LLM and of its baselines on the same computers: one user, one request, weak devices on a home network.</summary>
public sealed record TpiLlmOptions : ExperimentSpec
{
    private const string Paper = "arXiv 2410.00531 (a)";
    private const string Code = "authors' code (b)";
    private const string Assumed = "our assumption (d)";

    public static readonly OptionSet<TpiLlmOptions> Set = new OptionSet<TpiLlmOptions>()
        .Choice("system", o => o.System, (o, v) => o with { System = v }, "who runs the model on these computers", Paper)
        .Text("model", o => o.Model, (o, v) => o with { Model = v }, "a dense model of the catalogue", Paper)
        .Int("nodes", o => o.Nodes, (o, v) => o with { Nodes = v }, "computers; the first is the user's own", "authors' README (b)", max: 256)
        .Text("ratios", o => o.Ratios, (o, v) => o with { Ratios = v }, "shares of heads and columns, such as 2,1,1; empty: equal", Code)
        .Text("speeds", o => o.Speeds, (o, v) => o with { Speeds = v }, "speed of every node's cores and disk against the first values, such as 1,1,0.5; empty: all 1", Assumed)
        .Int("window", o => o.Window, (o, v) => o with { Window = v }, "blocks of weights held in memory, w; more blocks than the model has: all of them", Code, min: 2)
        .Choice("allreduce", o => o.Allreduce, (o, v) => o with { Allreduce = v }, "how partial sums are added", Paper)
        .Bool("inOrder", o => o.InOrder, (o, v) => o with { InOrder = v }, "the master reads its workers in a fixed order, not as they come", Code)
        .Duration("latency", o => o.Latency, (o, v) => o with { Latency = v }, "one-way latency between two nodes, τ", Assumed)
        .Quantity("bandwidth", Documents.Quantity.BytesPerSecond, o => o.Bandwidth, (o, v) => o with { Bandwidth = v }, "rate of every node's port", Assumed, min: 1)
        .Quantity("disk", Documents.Quantity.BytesPerSecond, o => o.Disk, (o, v) => o with { Disk = v }, "reads from disk in long pieces", Assumed, min: 1)
        .Quantity("memoryBandwidth", Documents.Quantity.BytesPerSecond, o => o.MemoryBandwidth, (o, v) => o with { MemoryBandwidth = v },
            "what the cores of a node read from memory in matrix-vector products", Assumed, min: 1)
        .Quantity("compute", Documents.Quantity.FlopsPerSecond, o => o.Compute, (o, v) => o with { Compute = v }, "what they compute in matrix products", Assumed, min: 1)
        .Bytes("memory", o => o.Memory, (o, v) => o with { Memory = v }, "what a process may hold on a node", "authors' README (b)", min: 1e6)
        .Number("swapShare", o => o.SwapShare, (o, v) => o with { SwapShare = v },
            "rate at which the operating system brings pages back, against long reads: they come in small pieces, one after the other", Assumed, min: 0.001, max: 1)
        .Number("bytesPerWeight", o => o.BytesPerWeight, (o, v) => o with { BytesPerWeight = v }, "4 for FP32", Code, min: 0.25, max: 8)
        .Int("promptTokens", o => o.PromptTokens, (o, v) => o with { PromptTokens = v }, "prompt", Assumed, max: 1_000_000)
        .Int("outputTokens", o => o.AnswerTokens, (o, v) => o with { AnswerTokens = v }, "answer, its first token counted", Assumed, min: 2, max: 100_000);

    private static readonly IReadOnlyList<ExperimentFigure> AllFigures =
    [
        new("tokenSeconds", "s", "Mean time of a further token."),
        new("ttftSeconds", "s", "From a cold start to the first token."),
        new("peakMasterGB", "GB", "Most memory of the user's own node: weights held, keys and values, activations."),
        new("peakWorkerGB", "GB", "Most memory of any other node."),
        new("computeSeconds", "s", "Of a further token: computing, on the slowest node of every block."),
        new("networkSeconds", "s", "Of a further token: allreduces and messages."),
        new("diskSeconds", "s", "Of a further token: reading on the node that reads longest; hidden as far as it overlaps."),
        new("stallShare", "", "Share of a further token's time that the node that waits longest waits for its disk."),
        new("allreduceSeconds", "s", "One allreduce of a single token."),
        new("fits", "", "1 where every node's peak is within its memory."),
    ];

    public EdgeSystem System { get; init; } = EdgeSystem.TpiLlm;

    public string Model { get; init; } = "llama-2-70b";

    public int Nodes { get; init; } = 8;

    public string Ratios { get; init; } = "";

    public string Speeds { get; init; } = "";

    public int Window { get; init; } = 2;

    public AllreduceKind Allreduce { get; init; } = AllreduceKind.Star;

    public bool InOrder { get; init; } = true;

    public Duration Latency { get; init; } = Duration.FromMilliseconds(1);

    /// <summary>Bytes per second; the default is 300 Mbit/s.</summary>
    public double Bandwidth { get; init; } = 37.5e6;

    public double Disk { get; init; } = 1e9;

    public double MemoryBandwidth { get; init; } = 8e9;

    public double Compute { get; init; } = 100e9;

    public Bytes Memory { get; init; } = new(8_000_000_000);

    public double SwapShare { get; init; } = 0.25;

    public double BytesPerWeight { get; init; } = 4;

    public int PromptTokens { get; init; } = 64;

    public int AnswerTokens { get; init; } = 32;

    public override IReadOnlyList<ExperimentFigure> Figures => AllFigures;

    public override ExperimentResult Run(RandomStream random, CancellationToken cancel) => new TpiLlmExperiment(this).Run(cancel);
}
