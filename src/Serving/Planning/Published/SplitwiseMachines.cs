using Orrery.Kernel;
using Orrery.Kernel.Units;
using Orrery.Serving.Execution;
using Orrery.Serving.Fleets;
using Orrery.Serving.Memory;
using Orrery.Serving.Replicas;
using Orrery.Serving.Routing;
using Orrery.Serving.Systems.Splitwise;
using Orrery.World.Catalogue;
using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Models;
using Orrery.World.StepTimes;

namespace Orrery.Serving.Planning.Published;

/// <summary>Which machines a Splitwise cluster has.</summary>
public enum ClusterDesign
{
    /// <summary>DGX-A100, every machine both phases.</summary>
    BaselineA100,

    /// <summary>DGX-H100, every machine both phases.</summary>
    BaselineH100,

    /// <summary>DGX-A100 for prompts and for tokens.</summary>
    SplitwiseAa,

    /// <summary>DGX-H100 for prompts and for tokens.</summary>
    SplitwiseHh,

    /// <summary>DGX-H100 for prompts, DGX-A100 for tokens.</summary>
    SplitwiseHa,

    /// <summary>DGX-H100 for prompts, the same with power caps for tokens.</summary>
    SplitwiseHhcap,
}

/// <summary>A machine of eight devices.</summary>
/// <param name="Device">Catalogue name.</param>
/// <param name="Cap">Cap of each device; null for none.</param>
/// <param name="HourlyDollars">Of the machine: 8 x 2.21 or 4.76 per device (b).</param>
/// <param name="PowerUnits">What sums of equal power count (b).</param>
/// <param name="PromptWatts">A device in prompt steps, with or without decodes beside them (b).</param>
/// <param name="TokenWatts">A device in token steps (b).</param>
/// <param name="IdleWatts">A device without a step (b).</param>
public sealed record ClusterMachine(string Device, Watts? Cap, double HourlyDollars, double PowerUnits, double PromptWatts, double TokenWatts, double IdleWatts)
{
    public const int Devices = 8;

    public static readonly ClusterMachine A100 = new("a100-sxm-80gb", null, Devices * 2.21, 24.8, 400, 250, 63);

    public static readonly ClusterMachine H100 = new("h100-sxm", null, Devices * 4.76, 44, 700, 380, 75);

    /// <summary>0.7 of the server's power (b); half of the device's, since the token phase was seen not to feel that (c).</summary>
    public static readonly ClusterMachine H100Capped = new("h100-sxm", new Watts(350), Devices * 4.76, 30.8, 350, 350, 75);
}

/// <summary>Machines of each pool.</summary>
/// <param name="Design">Which.</param>
/// <param name="Prompts">Prompt machines; of a baseline the sum of both counts.</param>
/// <param name="Tokens">Token machines.</param>
public sealed record ClusterSize(ClusterDesign Design, int Prompts, int Tokens)
{
    public bool IsSplit => Design is not (ClusterDesign.BaselineA100 or ClusterDesign.BaselineH100);

    public ClusterMachine Prompt => Design is ClusterDesign.BaselineA100 or ClusterDesign.SplitwiseAa ? ClusterMachine.A100 : ClusterMachine.H100;

    public ClusterMachine Token => Design switch
    {
        ClusterDesign.BaselineA100 or ClusterDesign.SplitwiseAa or ClusterDesign.SplitwiseHa => ClusterMachine.A100,
        ClusterDesign.SplitwiseHhcap => ClusterMachine.H100Capped,
        _ => ClusterMachine.H100,
    };

    public int Machines => Prompts + Tokens;

    public double HourlyDollars => (Prompts * Prompt.HourlyDollars) + (Tokens * Token.HourlyDollars);

    public double PowerUnits => (Prompts * Prompt.PowerUnits) + (Tokens * Token.PowerUnits);
}

/// <summary>Builds Splitwise's clusters: one instance of TP8 on each machine, step times and memory as its authors measured them.</summary>
internal sealed class SplitwiseMachines
{
    /// <summary>The longest request of the traces, 14,050 and 1,000 tokens (b), rounded up.</summary>
    private const int MaxModelTokens = 16_384;

    private readonly ModelSpec _model;
    private readonly StepTimeTable _times;
    private readonly BytesPerSecond _link;
    private readonly long _kvShrink;

    /// <param name="modelName">Catalogue name.</param>
    /// <param name="hasFullKv">Every query head has a KV head of its own, as the simulator counts Llama (b).</param>
    /// <param name="table">Published step times.</param>
    /// <param name="link">Bandwidth between machines.</param>
    public SplitwiseMachines(string modelName, bool hasFullKv, string table, BytesPerSecond link)
    {
        ModelSpec model = Catalog.Model(modelName);
        _kvShrink = hasFullKv ? model.Heads / model.KvHeads : 1;
        _model = hasFullKv ? model with { KvHeads = model.Heads } : model;
        _times = Catalog.StepTimesOf(table);
        _link = link;
    }

    public PlannedFleet Fleet(ClusterSize size) => size.IsSplit
        ? Fleet([new(Instance(size.Prompt, ReplicaRole.Prefill), size.Prompts), new(Instance(size.Token, ReplicaRole.Decode), size.Tokens)], pools: true)
        : Fleet([new(Instance(size.Prompt, ReplicaRole.Mixed), size.Machines)], pools: false);

    /// <summary>Step times of an idle DGX-A100 with this model: what slowdowns are measured against.</summary>
    public TokenTimes Reference() => (TokenTimes)Catalog.StepTimesOf("splitwise").RowOf(DeploymentOf(ClusterMachine.A100));

    private PlannedFleet Fleet(IReadOnlyList<PlannedReplicas> replicas, bool pools) => new(
        replicas,
        new SplitwiseRouterOptions { Pools = pools },
        new FleetOptions
        {
            // Layer by layer beside prompts of 512 tokens and more (c); without room again after a second (b).
            HandOver = new() { Mode = HandOverMode.Push, Overlap = HandOverOverlap.Layers, OverlapFromTokens = 512 },
            Links = new() { Bandwidth = _link },
        })
    { KnowsOutputs = true };

    private Deployment DeploymentOf(ClusterMachine machine)
    {
        DeviceSpec device = Catalog.Device(machine.Device);
        return Deployment.Create(_model, machine.Cap is { } cap ? device.Capped(cap) : device, new ParallelPlan(ClusterMachine.Devices));
    }

    private ReplicaDesign Instance(ClusterMachine machine, ReplicaRole role)
    {
        Deployment deployment = DeploymentOf(machine);
        MemorySpec memory = new PagedOptions().Resolve(usesPrefixCache: false, KvCapacity.DefaultBlockTokens);
        long tokens = _times.KvTokensOf(deployment) ?? throw new InputException($"model: {_model.Name} has no published KV memory");
        KvCapacity capacity = KvCapacity.Stated(deployment, tokens / _kvShrink, KvCapacity.DefaultBlockTokens);
        return new(deployment, new SplitwiseOptions(), memory, new SequentialExecution(), capacity, MaxModelTokens) { StepTimes = _times, Role = role };
    }
}
