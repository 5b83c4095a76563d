using Orrery.Documents;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Systems.Helix;

/// <summary>Who places the layers.</summary>
public enum HelixPlacer
{
    Helix,
    Swarm,
    Petals,
    Separate,
    SeparatePlus,
}

/// <summary>Who chooses the paths.</summary>
public enum HelixScheduler
{
    /// <summary>The flow router, Swarm's own for Swarm's placement, fixed pipelines for separate ones.</summary>
    ByPlacement,
    Flow,
    Swarm,
    Random,
    ShortestQueue,
}

/// <summary>How requests come.</summary>
public enum HelixMode
{
    /// <summary>As many in flight as KV allows.</summary>
    Offline,

    /// <summary>At a given load.</summary>
    Online,
}

/// <summary>Who solves for Helix's placement.</summary>
public enum HelixSolver
{
    Heuristic,
    Cbc,
}

/// <summary>Options of the experiment <c>helix</c>: unlike machines serve one model, each with some of its layers.</summary>
public sealed record HelixOptions : ExperimentSpec
{
    /// <summary>KV mark offline (b).</summary>
    public const double OfflineHighWater = 0.85;

    /// <summary>KV mark online (b).</summary>
    public const double OnlineHighWater = 0.9;

    /// <summary>Share of the mean output that is expected, offline (b).</summary>
    public const double OfflineOutputShare = 1;

    /// <summary>Share of the mean output that is expected, online (b).</summary>
    public const double OnlineOutputShare = 0.6;

    public static readonly OptionSet<HelixOptions> Set = new OptionSet<HelixOptions>()
        .Choice("model", HelixModel.Names, o => o.Model, (o, v) => o with { Model = v }, "the model, one of those with published cost tables", "paper (b)")
        .Text("cluster", o => o.Cluster, (o, v) => o with { Cluster = v },
            "single-24, geo-24, hetero-42, or machines such as `4 a100-40, 8 l4, 12 t4` with a bar between regions", "official repository (b)")
        .Choice<HelixPlacer>("placement", o => o.Placement, (o, v) => o with { Placement = v }, "who places the layers", "paper (b)")
        .Choice<HelixScheduler>("scheduler", o => o.Scheduler, (o, v) => o with { Scheduler = v },
            "who chooses paths; by-placement is flow for helix and petals, swarm for swarm, fixed pipelines for separate ones", "paper (b)")
        .Choice<HelixSolver>("solver", o => o.Solver, (o, v) => o with { Solver = v },
            "heuristic: simulated annealing; cbc: the integer programme, if that solver is installed", "our choice (d); the paper uses Gurobi (b)")
        .Int("steps", o => o.Steps, (o, v) => o with { Steps = v }, "steps of the heuristic over all its starts", "our choice (d)", min: 0, max: 100_000_000)
        .Duration("solverTime", o => o.SolverTime, (o, v) => o with { SolverTime = v }, "limit of the integer solver on the wall clock", "our choice (d); paper 10 h (b)")
        .Number("solverGap", o => o.SolverGap, (o, v) => o with { SolverGap = v }, "the integer solver may stop this close to its bound", "our choice (d)", max: 1)
        .Int("fastestLinks", o => o.FastestLinks, (o, v) => o with { FastestLinks = v },
            "connections of each machine that the integer programme keeps, the fastest; 0 keeps all", "official repository: 12 on large clusters (b)", min: 0)
        .Bool("byKind", o => o.ByKind, (o, v) => o with { ByKind = v },
            "helix plans each kind of machine alone and each serves its own requests", "official repository: on for the 30B model, off for 70B (b)")
        .Bool("partialInference", o => o.PartialInference, (o, v) => o with { PartialInference = v },
            "requests may enter a machine in the middle of its layers; always so with petals", "official repository: off (b)")
        .Choice<HelixMode>("mode", o => o.Mode, (o, v) => o with { Mode = v }, "offline feeds as KV allows, online by load", "paper (b)")
        .Text("load", o => o.Load, (o, v) => o with { Load = v },
            "online: prompt and output tokens that arrive per second; with separate parts a list, or one figure that they share by what they can pass",
            "official repository: 700 for helix with 70B (b)")
        .Duration("warmUp", o => o.WarmUp, (o, v) => o with { WarmUp = v }, "not measured", "official repository (b)")
        .Duration("duration", o => o.Length, (o, v) => o with { Length = v }, "measured", "official repository: 600 s offline, 1800 s online (b)")
        .Int("firstRequests", o => o.FirstRequests, (o, v) => o with { FirstRequests = v }, "offline with the flow router: requests at the start", "official repository (b)")
        .Number("feedMark", o => o.FeedMark, (o, v) => o with { FeedMark = v }, "offline with the flow router: feeds while the tightest layer expects less KV than this share", "official repository (b)", max: 1)
        .Number("inFlightShare", o => o.InFlightShare, (o, v) => o with { InFlightShare = v },
            "offline with other routers: requests in flight, as a share of those of mean length whose KV fits", "our choice (d); the published numbers lie between 0.2 and 0.65", max: 2)
        .Text("inFlight", o => o.InFlight, (o, v) => o with { InFlight = v },
            "offline with other routers: requests in flight, with separate pipelines a list; empty: by inFlightShare", "official repository: a number for each setting (b)")
        .OptionalNumber("highWater", o => o.HighWater, (o, v) => o with { HighWater = v }, "mark of the KV mask; default by mode", "official repository: 0.85 offline, 0.9 online (b)", min: 0.01, max: 1)
        .OptionalNumber("outputShare", o => o.OutputShare, (o, v) => o with { OutputShare = v }, "share of the mean output that the mask expects; default by mode", "official repository: 1 offline, 0.6 online (b)")
        .Number("leastFlow", o => o.LeastFlow, (o, v) => o with { LeastFlow = v }, "connections below this share of their machine's flow are not used", "official repository (b)", max: 1)
        .Number("promptMean", o => o.PromptMean, (o, v) => o with { PromptMean = v }, "mean prompt in tokens, log-normal within 4 to 2047", "Azure conversation trace, cut at 2048 (b)", min: 50, max: 1500)
        .Number("promptSigma", o => o.PromptSigma, (o, v) => o with { PromptSigma = v }, "its shape", "our choice (d)", min: 0.1, max: 2)
        .Number("outputMean", o => o.OutputMean, (o, v) => o with { OutputMean = v }, "mean output in tokens, log-normal within 4 to 1000", "Azure conversation trace, cut at 1024 (b)", min: 20, max: 600)
        .Number("outputSigma", o => o.OutputSigma, (o, v) => o with { OutputSigma = v }, "its shape", "our choice (d)", min: 0.1, max: 2)
        .Number("copySpeed", o => o.CopyGigabytesPerSecond, (o, v) => o with { CopyGigabytesPerSecond = v },
            "GB/s at which a machine moves arriving activations into its batch; 0: at once", "official repository: 4 and 5 GB/s one after the other (b)");

    public string Model { get; init; } = HelixModel.Llama70B.Name;

    public string Cluster { get; init; } = "single-24";

    public HelixPlacer Placement { get; init; } = HelixPlacer.Helix;

    public HelixScheduler Scheduler { get; init; } = HelixScheduler.ByPlacement;

    public HelixSolver Solver { get; init; } = HelixSolver.Heuristic;

    public int Steps { get; init; } = 200_000;

    public Duration SolverTime { get; init; } = Duration.FromSeconds(60);

    public double SolverGap { get; init; } = 0.005;

    public int FastestLinks { get; init; }

    public bool ByKind { get; init; }

    public bool PartialInference { get; init; }

    public HelixMode Mode { get; init; } = HelixMode.Offline;

    public string Load { get; init; } = "700";

    public Duration WarmUp { get; init; } = Duration.FromSeconds(60);

    public Duration Length { get; init; } = Duration.FromSeconds(600);

    public int FirstRequests { get; init; } = 20;

    public double FeedMark { get; init; } = 0.8;

    public double InFlightShare { get; init; } = 0.65;

    public string InFlight { get; init; } = "";

    public double? HighWater { get; init; }

    public double? OutputShare { get; init; }

    public double LeastFlow { get; init; } = 0.05;

    public double PromptMean { get; init; } = 763;

    public double PromptSigma { get; init; } = 0.9;

    public double OutputMean { get; init; } = 232;

    public double OutputSigma { get; init; } = 0.8;

    public double CopyGigabytesPerSecond { get; init; } = 1 / ((1 / 4.0) + (1 / 5.0));

    public override IReadOnlyList<ExperimentFigure> Figures => HelixExperiment.AllFigures;

    /// <summary>True where requests enter machines in the middle of their layers.</summary>
    internal bool IsPartial => PartialInference || Placement == HelixPlacer.Petals;

    internal HelixRouterOptions RouterOptions => new(
        HighWater ?? (Mode == HelixMode.Offline ? OfflineHighWater : OnlineHighWater),
        OutputShare ?? (Mode == HelixMode.Offline ? OfflineOutputShare : OnlineOutputShare),
        LeastFlow);

    public override ExperimentResult Run(RandomStream random, CancellationToken cancel) => new HelixExperiment(this, random, cancel).Run();
}
