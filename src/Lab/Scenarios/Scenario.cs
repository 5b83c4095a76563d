using Orrery.Documents;
using Orrery.Documents.Expectations;
using Orrery.Serving.Metrics;
using Orrery.Serving.Routing;
using Orrery.Serving.Scheduling;
using Orrery.Traffic.Predictors;
using Orrery.Traffic.Specs;
using Orrery.World.Deployments;
using Orrery.World.Power;

namespace Orrery.Lab.Scenarios;

/// <summary>World, traffic, systems and goals of one run, read and checked: everything that a mistake could spoil has been looked at.</summary>
public sealed record Scenario
{
    public required string Name { get; init; }

    public required IReadOnlyList<FleetEntry> Fleet { get; init; }

    public required RouterSpec Router { get; init; }

    /// <summary>Which estimate of the output length policies get.</summary>
    public PredictorSpec OutputLength { get; init; } = new();

    /// <summary>What looks at requests while they run and estimates the rest of their output.</summary>
    public RemainingSpec RemainingLength { get; init; } = new();

    public required TrafficSpec Traffic { get; init; }

    /// <summary>The traffic block as written: what the lock file repeats.</summary>
    public required Node TrafficBlock { get; init; }

    /// <summary>Limits that each request is held to; goodput counts requests within them.</summary>
    public ServiceObjective Slo { get; init; } = ServiceObjective.None;

    /// <summary>Share of requests that must be within the limits when a study asks for "meets the objective".</summary>
    public double Attainment { get; init; } = DefaultAttainment;

    public IReadOnlyList<Expectation> Expect { get; init; } = [];

    public FootprintOptions Energy { get; init; } = new();

    /// <summary>What a reader expects, for QoE.</summary>
    public ReadingExpectation Reading { get; init; } = ReadingExpectation.Default;

    public ulong Seed { get; init; } = DefaultSeed;

    /// <summary>Folder that relative file names start from; "" is the current one.</summary>
    public string Folder { get; init; } = "";

    /// <summary>Limits that were bounded and defaults that were chosen, one sentence each; repeated in the result.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Nine of ten requests, the share that serving papers use most.</summary>
    public const double DefaultAttainment = 0.9;

    public const ulong DefaultSeed = 1;

    /// <summary>Replicas of all entries.</summary>
    public int ReplicaCount => Fleet.Sum(entry => entry.Replicas);

    /// <summary>Devices of all replicas.</summary>
    public int DeviceCount => Fleet.Sum(entry => entry.Replicas * entry.Deployment.Parallel.Devices);
}

/// <summary>Equal replicas of a fleet.</summary>
/// <param name="Deployment">Model, device, cut and formats of one replica.</param>
/// <param name="Replicas">How many.</param>
/// <param name="Scheduler">Each replica gets its own.</param>
/// <param name="Memory">KV memory of each replica.</param>
/// <param name="Capacity">KV blocks of one replica with the arithmetic behind them.</param>
/// <param name="MaxModelTokens">Longest sequence, prompt and output together, bounded by the KV memory.</param>
/// <param name="Written">The parts of the entry that are not names or options: what the lock file repeats.</param>
public sealed record FleetEntry(
    Deployment Deployment, int Replicas, SchedulerSpec Scheduler, MemoryOptions Memory, KvCapacity Capacity, int MaxModelTokens, WrittenWorld Written)
{
    /// <summary>What schedulers may depend on.</summary>
    public ReplicaFacts Facts => new(MaxModelTokens, Deployment.Device.Name, Deployment.Device.Memory, Deployment.Parallel.Pipeline);
}

/// <summary>How a scenario named the things of the world: catalogue names, or descriptions written in place.</summary>
/// <param name="Model">Name, or <c>{config: absolute path}</c>.</param>
/// <param name="Device">Name or description.</param>
/// <param name="Network">Name or description of the link between machines; null for the usual one.</param>
/// <param name="MaxModelTokens">The longest sequence asked for, before the KV memory bounds it.</param>
/// <param name="PositionScaling">Factor by which rotary positions are stretched.</param>
public sealed record WrittenWorld(Node Model, Node Device, Node? Network, int MaxModelTokens, int PositionScaling);

/// <summary>KV memory of a replica.</summary>
public sealed record MemoryOptions
{
    /// <summary>The only layout of this version.</summary>
    public const string Paged = "paged";

    public static readonly OptionSet<MemoryOptions> Set = new OptionSet<MemoryOptions>()
        .Choice("use", [Paged], o => o.Use, (o, v) => o with { Use = v },
            "layout of the KV cache", "Kwon et al. 2023")
        .Int("blockTokens", o => o.BlockTokens, (o, v) => o with { BlockTokens = v },
            "tokens of a block", "vLLM (b)", min: 1, max: LargestBlock)
        .Number("utilization", o => o.Utilization, (o, v) => o with { Utilization = v },
            "share of the usable device memory that the engine takes", "vLLM (b)", min: SmallestUtilization, max: 1);

    private const int LargestBlock = 4096;
    private const double SmallestUtilization = 0.01;

    public string Use { get; init; } = Paged;

    public int BlockTokens { get; init; } = KvCapacity.DefaultBlockTokens;

    public double Utilization { get; init; } = KvCapacity.DefaultUtilization;

    /// <summary>Whether replicas keep and share the KV of prefixes; the scheduler's own default unless the scenario says otherwise.</summary>
    public bool PrefixCache { get; init; }
}
