using Orrery.Documents;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Systems.SpotServe;

/// <summary>Who answers the market.</summary>
public enum SpotPolicy
{
    /// <summary>SpotServe.</summary>
    Spotserve,

    /// <summary>The same planner, with a restart at every change.</summary>
    Reparallelisation,

    /// <summary>A fixed cut; only the number of pipelines changes.</summary>
    Rerouting,
}

/// <summary>How much of SpotServe there is; each level has what the one before has. As in the artefact's scheduler (b).</summary>
public enum AblationLevel
{
    /// <summary>A fixed cut, positions in order, all copies from one holder; live requests start again.</summary>
    Plain,

    /// <summary>Positions by the matching.</summary>
    Match,

    /// <summary>KV moves too: requests go on where they stopped.</summary>
    Cache,

    /// <summary>Memory-aware order; replicas start while later layers move; additions leave running replicas alone.</summary>
    Overlap,

    /// <summary>The configuration changes with the market.</summary>
    Full,
}

/// <summary>The cluster for which rerouting's cut of the model is planned.</summary>
public enum FixedCutFor
{
    /// <summary>The most machines that the trace ever has (b); with fewer there may be no pipeline at all.</summary>
    Largest,

    /// <summary>The fewest.</summary>
    Smallest,
}

/// <summary>How requests arrive.</summary>
public enum SpotArrivals
{
    /// <summary>The artefact's generator, gamma gaps of shape 1000 / rate / cv and scale cv milliseconds: nearly a metronome (b).</summary>
    AlmostPeriodic,

    /// <summary>Gamma gaps with the stated coefficient of variation.</summary>
    Gamma,

    /// <summary>Exponential gaps.</summary>
    Poisson,
}

/// <summary>SpotServe's experiment: machines of a spot market come and go under a model that answers requests.</summary>
/// <remarks>
/// Miao et al., ASPLOS 2024, arXiv 2311.15566, with the numbers of the authors' artefact (b). Step times are the artefact's measured ones per layer; what
/// happens between them runs on the virtual clock: static batches, notices, migration, restarts, money. Requests arrive until the capacity
/// ends; then the last machines stay until the queue is empty, so that no slow request is left out.
/// </remarks>
public sealed record SpotServeOptions : ExperimentSpec
{
    private const string Paper = "arXiv 2311.15566";
    private const string Code = "authors' artefact (b)";

    /// <summary>Dollars per hour of a machine of four T4 (g4dn.12xlarge) (c).</summary>
    public const double DefaultOnDemandPrice = 3.912;

    /// <summary>Dollars per hour of the same on the spot market (c).</summary>
    public const double DefaultSpotPrice = 1.9;

    /// <summary>50 Gbit/s (b), in bytes per second.</summary>
    public const double DefaultNetwork = 6.25e9;

    /// <summary>9.5 Gbit/s, the most that this type of machine reads from its network disk (c), in bytes per second.</summary>
    public const double DefaultStorage = 1.1875e9;

    private const int LargestMachine = 16;

    /// <summary>Bytes per second; a model that takes days to arrive is never served (d).</summary>
    private const double LeastRate = 1e6;

    public static readonly OptionSet<SpotServeOptions> Set = new OptionSet<SpotServeOptions>()
        .Choice("model", [.. LayerProfile.All.Select(profile => profile.Name)], o => o.Model, (o, v) => o with { Model = v }, "the model, with its profile per layer", Code)
        .Choice("policy", o => o.Policy, (o, v) => o with { Policy = v }, "who answers the market", Paper)
        .Choice("level", o => o.Level, (o, v) => o with { Level = v }, "ablation: how much of spotserve there is", Code)
        .Choice("cut", o => o.Cut, (o, v) => o with { Cut = v }, "rerouting: the cluster for which its cut of the model is planned", Code)
        .Text("capacity", o => o.Capacity, (o, v) => o with { Capacity = v },
            "machines over time: a named trace, or TIME:UNITS pairs such as '0:7, 240:8, 360:10, end 1320'", Code)
        .OptionalText("lost", o => o.Lost, (o, v) => o with { Lost = v },
            "who goes when machines go, such as '600:8, 1200:3 10', numbered from 0 as they come; null: the named trace's own, else by chance", Code)
        .OptionalText("spot", o => o.Spot, (o, v) => o with { Spot = v },
            "how many of the machines are spot machines over time; null: all, or those of the named trace; '0:0': none", Code)
        .OptionalText("rate", o => o.Rate, (o, v) => o with { Rate = v },
            "requests per second, such as 0.35, '0:0.6, 300:0.8', or fluctuating; null: the study's for the model", Code)
        .OptionalText("required", o => o.Required, (o, v) => o with { Required = v },
            "requests per second that the planner must carry, likewise; null: the study's for the model", Code)
        .Choice("arrivals", o => o.Arrivals, (o, v) => o with { Arrivals = v }, "how requests arrive", Code)
        .Number("cv", o => o.Cv, (o, v) => o with { Cv = v }, "coefficient of variation of gamma; milliseconds of scale of almost-periodic", Code, 0.01, 100)
        .Int("outputTokens", o => o.AnswerTokens, (o, v) => o with { AnswerTokens = v }, "of every request; prompts have 512, as profiled", Code, max: 100_000)
        .Int("batch", o => o.Batch, (o, v) => o with { Batch = v }, "largest static batch: 1, 2 or 4", Code, max: LayerProfile.MostBatch)
        .Int("gpusPerMachine", o => o.GpusPerMachine, (o, v) => o with { GpusPerMachine = v }, "a power of two", Code, max: LargestMachine)
        .OptionalInt("leastGpus", o => o.LeastGpus, (o, v) => o with { LeastGpus = v }, "GPUs that a replica has at least; null: the model's minimum", Code, max: 1024)
        .Duration("grace", o => o.Grace, (o, v) => o with { Grace = v }, "from the notice to the change, for removals and additions", Code)
        .Duration("mergeWindow", o => o.MergeWindow, (o, v) => o with { MergeWindow = v }, "a removal so soon after an addition is answered with it", Code)
        .Quantity("network", Quantity.BytesPerSecond, o => o.Network, (o, v) => o with { Network = v }, "of a machine's port, both directions together", Code, LeastRate)
        .Quantity("local", Quantity.BytesPerSecond, o => o.Local, (o, v) => o with { Local = v }, "between GPUs of a machine", Code, LeastRate)
        .Quantity("storage", Quantity.BytesPerSecond, o => o.Storage, (o, v) => o with { Storage = v }, "a machine reads weights", "the machine type's limit (c)", LeastRate)
        .Duration("launch", o => o.Launch, (o, v) => o with { Launch = v }, "an engine that restarts, before it loads weights: processes, contexts, groups", "ours (d)")
        .Duration("overhead", o => o.Overhead, (o, v) => o with { Overhead = v }, "a change of engines without a restart", Code)
        .Number("tolerance", o => o.Tolerance, (o, v) => o with { Tolerance = v }, "share of a GPU's weights by which it may exceed them during a migration", Code, 0, 100)
        .Number("spotPrice", o => o.SpotPrice, (o, v) => o with { SpotPrice = v }, "dollars per machine-hour", "spot price of g4dn.12xlarge (c)", 0, 1e6)
        .Number("onDemandPrice", o => o.OnDemandPrice, (o, v) => o with { OnDemandPrice = v }, "dollars per machine-hour", "price of g4dn.12xlarge (c)", 0, 1e6);

    public string Model { get; init; } = LayerProfile.Gpt20.Name;

    public SpotPolicy Policy { get; init; } = SpotPolicy.Spotserve;

    public AblationLevel Level { get; init; } = AblationLevel.Full;

    public FixedCutFor Cut { get; init; } = FixedCutFor.Largest;

    public string Capacity { get; init; } = "spot-a";

    public string? Lost { get; init; }

    public string? Spot { get; init; }

    public string? Rate { get; init; }

    public string? Required { get; init; }

    public SpotArrivals Arrivals { get; init; } = SpotArrivals.AlmostPeriodic;

    public double Cv { get; init; } = 6;

    public int AnswerTokens { get; init; } = 128;

    public int Batch { get; init; } = LayerProfile.MostBatch;

    public int GpusPerMachine { get; init; } = 4;

    public int? LeastGpus { get; init; }

    public Duration Grace { get; init; } = Duration.FromSeconds(30);

    public Duration MergeWindow { get; init; } = Duration.FromSeconds(30);

    public double Network { get; init; } = DefaultNetwork;

    public double Local { get; init; } = DefaultNetwork;

    public double Storage { get; init; } = DefaultStorage;

    public Duration Launch { get; init; } = Duration.FromSeconds(10);

    public Duration Overhead { get; init; } = Duration.FromSeconds(0.5);

    public double Tolerance { get; init; }

    public double SpotPrice { get; init; } = DefaultSpotPrice;

    public double OnDemandPrice { get; init; } = DefaultOnDemandPrice;

    /// <inheritdoc/>
    public override IReadOnlyList<ExperimentFigure> Figures => SpotFigures.All;

    /// <inheritdoc/>
    public override ExperimentResult Run(RandomStream random, CancellationToken cancel) => new SpotRun(this, random).Run(cancel);
}
