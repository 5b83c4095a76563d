using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Replicas;
using Orrery.Serving.Speculation;
using Orrery.Serving.Swap;
using Orrery.World.Cost;

namespace Orrery.Live.Designs;

/// <summary>What a design does not say: who does the work.</summary>
/// <param name="Executor">The engine, or a tape.</param>
public sealed record LiveParts(IStepExecutor Executor)
{
    /// <summary>The physical blocks; null where nobody tells them apart.</summary>
    public KvPages? Pages { get; init; }

    /// <summary>Moves KV to the host and back; null where there is none to move.</summary>
    public IKvCopies? Copies { get; init; }

    /// <summary>Needed where the design drafts.</summary>
    public IProposals? Proposals { get; init; }

    /// <inheritdoc cref="Proposals"/>
    public IAcceptance? Acceptance { get; init; }

    /// <summary>Watches decisions and steps.</summary>
    public IStepObserver? Steps { get; init; }

    /// <summary>The calibrated profile, for policies that predict; null where there is none.</summary>
    public ICostModel? StepTimes { get; init; }
}
