using Orrery.Documents;
using Orrery.Serving.Memory;
using Orrery.Serving.Metrics;
using Orrery.Serving.Replicas;
using Orrery.Serving.Routing;
using Orrery.Serving.Scheduling;
using Orrery.Traffic.Predictors;
using Orrery.Traffic.Specs;
using Orrery.World.Deployments;
using Orrery.World.Power;

namespace Orrery.Lab.Scenarios;

/// <summary>World, traffic, systems and goals of one run, read and checked: everything that a mistake could spoil has been looked at.</summary>
public sealed record Scenario : RunnableScenario
{
    public required IReadOnlyList<FleetEntry> Fleet { get; init; }

    public required RouterSpec Router { get; init; }

    /// <summary>Hand-overs, migration, scaling, what the provider takes back.</summary>
    public FleetControl Control { get; init; } = new();

    /// <summary>Which estimate of the output length policies get.</summary>
    public PredictorSpec OutputLength { get; init; } = new();

    /// <summary>What looks at requests while they run and estimates the rest of their output.</summary>
    public RemainingSpec RemainingLength { get; init; } = new();

    /// <summary>What foretells tool calls.</summary>
    public CallPredictorSpec Calls { get; init; } = new();

    public required TrafficSpec Traffic { get; init; }

    /// <summary>The traffic block as written: what the lock file repeats.</summary>
    public required Node TrafficBlock { get; init; }

    /// <summary>Limits that each request is held to; goodput counts requests within them.</summary>
    public ServiceObjective Slo { get; init; } = ServiceObjective.None;

    /// <summary>Share of requests that must be within the limits when a study asks for "meets the objective".</summary>
    public double Attainment { get; init; } = DefaultAttainment;

    public FootprintOptions Energy { get; init; } = new();

    /// <summary>What readers expect, and how QoE counts it.</summary>
    public QoeRule Qoe { get; init; } = new();

    /// <summary>Limits that were bounded and defaults that were chosen, one sentence each; repeated in the result.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Nine of ten requests, the share that serving papers use most.</summary>
    public const double DefaultAttainment = 0.9;

    /// <summary>Replicas of all entries.</summary>
    public int ReplicaCount => Fleet.Sum(entry => entry.Replicas);

    /// <summary>Devices of all replicas.</summary>
    public int DeviceCount => Fleet.Sum(entry => entry.Replicas * entry.Deployment.Parallel.Devices);
}

/// <summary>Equal replicas of a fleet.</summary>
/// <param name="Design">What each of them is made of.</param>
/// <param name="Replicas">How many.</param>
/// <param name="Written">The parts of the entry that are not names or options: what the lock file repeats.</param>
public sealed record FleetEntry(ReplicaDesign Design, int Replicas, WrittenWorld Written)
{
    public Deployment Deployment => Design.Deployment;

    public SchedulerSpec Scheduler => Design.Scheduler;

    public MemorySpec Memory => Design.Memory;

    public KvCapacity Capacity => Design.Capacity;

    /// <summary>False for replicas that only train.</summary>
    public bool TakesRequests => Design.Finetune?.TakesRequests ?? true;

    public int MaxModelTokens => Design.MaxModelTokens;
}

/// <summary>How a scenario named the things of the world: catalogue names, or descriptions written in place.</summary>
/// <param name="Model">Name, or <c>{config: absolute path}</c>, or <c>{gguf: absolute path}</c>.</param>
/// <param name="Device">Name or description.</param>
/// <param name="Network">Name or description of the link between machines; null for the usual one.</param>
/// <param name="MaxModelTokens">The longest sequence asked for, before the KV memory bounds it.</param>
/// <param name="PositionScaling">Factor by which rotary positions are stretched.</param>
public sealed record WrittenWorld(Node Model, Node Device, Node? Network, int MaxModelTokens, int PositionScaling)
{
    /// <summary>Name of the draft's source; null without drafts.</summary>
    public Node? DraftModel { get; init; }

    /// <summary>Name, or <c>{file: absolute path}</c>.</summary>
    public required Node Profile { get; init; }
}
