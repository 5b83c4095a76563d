using Orrery.Serving.Execution;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Calls;

/// <summary>
/// Decides what becomes of the KV of sequences that wait for a tool: kept on the device, discarded and computed again, or copied to the
/// host. Pure like a scheduler, and independent of it.
/// </summary>
/// <remarks>
/// A sequence that pauses keeps its KV at first. <see cref="Review"/> runs before each plan while anybody is paused and acts through
/// <see cref="StepPlan.DiscardPaused"/> and <see cref="StepPlan.SwapOutPaused"/>.
/// </remarks>
public interface ICallHandling
{
    /// <summary>True when a sequence whose call has ended goes before those that wait; else it queues behind them.</summary>
    bool ReturnsFirst => false;

    /// <summary>True when <see cref="Intend"/> depends on the replica's state: arrivals then enter at the next step, never later.</summary>
    bool LooksAhead => false;

    /// <summary>
    /// What shall become of a sequence at its next call: asked when it arrives and when it comes back from a call, kept in <see
    /// cref="Sequence.Intent"/>, where schedulers find it. Null: decided during the pause.
    /// </summary>
    CallIntent? Intend(Sequence sequence, ReplicaView view) => null;

    /// <summary>Looks at <see cref="ReplicaView.Paused"/> and acts.</summary>
    void Review(ReplicaView view, StepPlan plan);

    /// <summary>For how many steps a further review would change nothing, unless somebody pauses or returns.</summary>
    int QuietSteps(ReplicaView view) => int.MaxValue;

    /// <summary>Who gives its KV up first when running sequences need the memory: one of the paused that hold some.</summary>
    Sequence? FirstToGiveUp(ReplicaView view)
    {
        Sequence? largest = null;
        foreach (Sequence sequence in view.Paused)
            if (sequence.KvBlocks > 0 && (largest is null || sequence.KvBlocks > largest.KvBlocks)) largest = sequence;
        return largest;
    }
}

/// <summary>A handling of tool calls as data.</summary>
public abstract record CallHandlingSpec
{
    /// <summary>Whether it is of use only where a predictor foretells calls.</summary>
    public virtual bool NeedsForecasts => false;

    public abstract ICallHandling Create(ReplicaFacts facts);
}
