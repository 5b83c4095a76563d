using Orrery.Kernel;
using Orrery.Kernel.Units;
using Orrery.Serving.Execution;
using Orrery.Serving.Fleets;
using Orrery.Serving.Memory;
using Orrery.Serving.Replicas;
using Orrery.Serving.Routing;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Swap;
using Orrery.Serving.Systems.DistServe;
using Orrery.Serving.Systems.VllmV0;
using Orrery.World.Catalogue;
using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Models;
using Orrery.World.StepTimes;

namespace Orrery.Serving.Planning.Published;

/// <summary>The instances of DistServe's evaluation, with the step times and KV memories that its authors measured on A100.</summary>
internal sealed class DistServeFleets(string modelName, BytesPerSecond link, double waitingShare)
{
    /// <summary>Longest request (artefact, b).</summary>
    private const int MaxModelTokens = 2048;

    /// <summary>Host memory for swapped decodes (engine, b).</summary>
    private static readonly Bytes HostSwap = new(16_000_000_000);

    private readonly DeviceSpec _device = Catalog.Device("a100-sxm-80gb");
    private readonly StepTimeTable _distServe = Catalog.StepTimesOf("distserve");
    private readonly StepTimeTable _vllm = Catalog.StepTimesOf("distserve-vllm");

    public ModelSpec Model { get; } = Catalog.Model(modelName);

    /// <summary>Cuts of up to so many devices that hold the model and whose times are known.</summary>
    public IReadOnlyList<Cut> Cuts(int devices) => [.. SplitCuts.Within(Model.Heads, Model.Layers, devices).Where(Fits)];

    public bool Fits(Cut cut)
    {
        try
        {
            Deployment deployment = DeploymentOf(cut);
            _distServe.RowOf(deployment);
            return _distServe.KvTokensOf(deployment) is not null;
        }
        catch (InputException missing) when (missing.IsInfeasible)
        {
            return false;
        }
    }

    /// <summary>Prefill and decode instances, the KV fetched by the decode side.</summary>
    public PlannedFleet Split(SplitPlacement placement) => new(
        [
            new(Instance(placement.Prefill, ReplicaRole.Prefill, _distServe, new DistServeOptions()), placement.Prefills),
            new(Instance(placement.Decode!.Value, ReplicaRole.Decode, _distServe, new DistServeOptions()), placement.Decodes),
        ],
        new DistServeRouterOptions(),
        new FleetOptions { HandOver = new() { Mode = HandOverMode.Pull, WaitingShare = waitingShare }, Links = new() { Bandwidth = link } });

    /// <summary>Instances of one phase, as the planner for fast networks simulates them: prompts of one token of output, or decodes whose prompts cost nothing.</summary>
    public PlannedFleet Alone(Cut cut, ReplicaRole phase)
    {
        ReplicaDesign design = Instance(cut, ReplicaRole.Mixed, _distServe, new DistServeOptions()) with { Swap = SwapOf(phase) };
        PlannedReplicas replicas = new(design, 1);
        if (phase == ReplicaRole.Decode) replicas = replicas with { Cost = () => new FreePrompts(new TableCost(design.Deployment, _distServe)) };
        return new([replicas], new DistServeRouterOptions(), new FleetOptions());
    }

    /// <summary>vLLM of 2023: 16,384 batched tokens, 1,024 sequences, prompts first, nothing chunked (b).</summary>
    public PlannedFleet Together(Cut cut, int instances) => new(
        [new(Instance(cut, ReplicaRole.Mixed, _vllm, new VllmV0Options { MaxBatchedTokens = 16_384, MaxSequences = 1024 }), instances)],
        new LeastLoadedOptions(),
        new FleetOptions());

    private Deployment DeploymentOf(Cut cut) => Deployment.Create(Model, _device, new ParallelPlan(cut.Tensor, cut.Pipeline));

    private ReplicaDesign Instance(Cut cut, ReplicaRole role, StepTimeTable times, SchedulerSpec scheduler)
    {
        Deployment deployment = DeploymentOf(cut);
        MemorySpec memory = new PagedOptions().Resolve(usesPrefixCache: false, KvCapacity.DefaultBlockTokens);
        KvCapacity capacity = KvCapacity.Stated(deployment, times.KvTokensOf(deployment) ?? throw new InputException($"model: {Model.Name} has no published KV memory"), KvCapacity.DefaultBlockTokens);
        return new(deployment, scheduler, memory, new SequentialExecution(), capacity, MaxModelTokens)
        {
            StepTimes = times,
            Role = role,
            Swap = SwapOf(role),
        };
    }

    private static SwapOptions? SwapOf(ReplicaRole role) => role == ReplicaRole.Decode ? new SwapOptions { Size = HostSwap } : null;
}
