using Orrery.Kernel.Random;
using Orrery.Serving.Calls;
using Orrery.Serving.Drafting;
using Orrery.Serving.Execution;
using Orrery.Serving.Finetuning;
using Orrery.Serving.Memory;
using Orrery.Serving.Routing;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Speculation;
using Orrery.Serving.Swap;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Profiles;
using Orrery.World.StepTimes;
using Orrery.World.Training;

namespace Orrery.Serving.Replicas;

/// <summary>What equal replicas are made of, as data: any scheduler over any memory in any execution style.</summary>
/// <param name="Deployment">Model, device, cut and formats of one replica.</param>
/// <param name="Scheduler">Decides each step.</param>
/// <param name="Memory">Layout of the KV memory.</param>
/// <param name="Execution">How a step's operations are laid out on the device.</param>
/// <param name="Capacity">KV blocks of one replica with the arithmetic behind them.</param>
/// <param name="MaxModelTokens">Longest sequence, prompt and output together, bounded by the KV memory.</param>
public sealed record ReplicaDesign(
    Deployment Deployment, SchedulerSpec Scheduler, MemorySpec Memory, ExecutionSpec Execution, KvCapacity Capacity, int MaxModelTokens)
{
    /// <summary>Host pool for KV; null recomputes preempted sequences.</summary>
    public SwapOptions? Swap { get; init; }

    /// <summary>What becomes of the KV of sequences that wait for tools.</summary>
    public CallHandlingSpec Calls { get; init; } = new DiscardOptions();

    /// <summary>Finetuning beside inference; null for none.</summary>
    public FinetuneSpec? Finetune { get; init; }

    /// <summary>Which phases its replicas are there for.</summary>
    public ReplicaRole Role { get; init; }

    /// <summary>Draft and verify; null for none.</summary>
    public DraftDesign? Draft { get; init; }

    /// <summary>Published step times in place of the deployment's profile and <see cref="Execution"/>; null for none.</summary>
    public StepTimeTable? StepTimes { get; init; }

    /// <summary>What schedulers may depend on, without step times: those cost a while to prepare.</summary>
    public ReplicaFacts Facts => new(MaxModelTokens, Deployment.Device.Name, Deployment.Device.Memory, Deployment.Parallel.Pipeline);
}

/// <summary>Builds replicas of one design; they share what is immutable.</summary>
/// <param name="design">What they are made of.</param>
/// <param name="acceptance">The stream that the fate of drafts is keyed by.</param>
public sealed class ReplicaFactory(ReplicaDesign design, RandomStream acceptance)
{
    private readonly ICostModel _cost = CostOf(design);

    /// <summary>Step times of these replicas.</summary>
    public ICostModel StepTimes => _cost;

    /// <inheritdoc cref="ICostModel.Extrapolated"/>
    public IReadOnlyList<ProfileFamily> Extrapolated => _cost.Extrapolated;

    /// <param name="index">Position in the fleet.</param>
    /// <param name="fastForward">False plans every step singly; results are the same.</param>
    public ReplicaParts Create(int index, bool fastForward)
    {
        int blocks = (int)Math.Min(design.Capacity.Blocks, int.MaxValue);
        IKvMemory memory = design.Memory.Create(design.Deployment, blocks, design.MaxModelTokens);
        ReplicaFacts facts = design.Facts with { StepTimes = _cost };
        ReplicaParts parts = new(index, design.Scheduler.Create(facts), memory, new ModelledExecutor(_cost), design.MaxModelTokens, fastForward)
        {
            Swap = design.Swap?.Create(design.Deployment, design.Draft?.Model),
            Calls = design.Calls.Create(facts),
            AddOns = design.Finetune is { } finetune ? [finetune.Create(_cost, design.Deployment.Model.Layers)] : [],
            TakesRequests = design.Finetune?.TakesRequests ?? true,
            PlansAhead = design.Deployment.Engine.PlansAhead,
            Role = design.Role,
            KvBytesPerToken = design.Deployment.Model.KvBytesPerToken(design.Deployment.Precision.BytesPerKvElement),
            Layers = design.Deployment.Model.Layers,
        };
        if (design.Draft is not { } draft) return parts;
        // Drafts are part of what inference asks for; other work takes what it leaves.
        (IPlanAddOn addOn, IAcceptance truth) = draft.Create(_cost, design.Scheduler.MaxStepTokens(facts), acceptance);
        return parts with { AddOns = [addOn, .. parts.AddOns], Acceptance = truth };
    }

    private static ICostModel CostOf(ReplicaDesign design)
    {
        ICostModel cost = design.StepTimes is { } published
            ? new TableCost(design.Deployment, published)
            : design.Execution.Create(design.Deployment with { Attention = design.Memory.Attention(design.Deployment) });
        if (design.Draft is { } draft) cost = draft.CostOf(design.Deployment, cost);
        return design.Finetune is { } finetune ? new TrainingCost(cost, new RooflineCost(design.Deployment), finetune.Training) : cost;
    }
}
