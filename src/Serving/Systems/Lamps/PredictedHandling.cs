using Orrery.Kernel.Time;
using Orrery.Serving.Calls;
using Orrery.Serving.Execution;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Systems.InferCept;

namespace Orrery.Serving.Systems.Lamps;

/// <summary>
/// LAMPS' handling of calls: what wastes least by the forecast of the next call is chosen on arrival and at every return. A sequence that
/// pauses is kept at first; then those classified so are discarded, or swapped while the host has room, all but the one whose choice wastes
/// most: its memory is taken only when running sequences need it.
/// </summary>
/// <remarks>
/// Source: Shahout et al., NeurIPS 2025, arXiv 2410.18248, and its code (b). Without a forecast a sequence keeps its KV (d). When nobody
/// is left to be acted upon, memory is taken from the one that would hold most for longest: tokens times predicted time still to wait.
/// </remarks>
public sealed class PredictedHandling(CallWaste waste, bool returnsFirst) : ICallHandling
{
    public bool ReturnsFirst => returnsFirst;

    public bool LooksAhead => true;

    public CallIntent? Intend(Sequence sequence, ReplicaView view)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        ArgumentNullException.ThrowIfNull(view);
        if (sequence.NextCall is not { } call) return null;
        if (call.Duration == Duration.Zero) return new(PausedKv.Preserve, 0);
        int context = sequence.PromptTokens + sequence.ReturnedTokens + Math.Max(call.AfterTokens, sequence.GeneratedTokens + 1);
        double? copy = view.Swap is { } pool && context <= pool.TotalTokens ? pool.TimeFor(context, view.Memory.RunsFor(context)).Seconds : null;
        return waste.Of(call.Duration.Seconds, context, view.Memory.BlockTokens, CallWaste.OtherTokens(view, sequence), view.RunningSequences, copy).Least;
    }

    public void Review(ReplicaView view, StepPlan plan)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(plan);
        Sequence? left = OnDemand(view);
        foreach (Sequence sequence in view.Paused)
        {
            if (!IsToGo(sequence) || ReferenceEquals(sequence, left)) continue;
            if (sequence.Intent!.Value.Kv == PausedKv.Discard) plan.DiscardPaused(sequence);
            else plan.SwapOutPaused(sequence);
        }
    }

    /// <summary>Whoever found no room on the host may find some after any step that brings another back.</summary>
    public int QuietSteps(ReplicaView view)
    {
        int toGo = 0;
        foreach (Sequence sequence in view.Paused)
            if (IsToGo(sequence)) toGo++;
        return toGo > 1 ? 1 : int.MaxValue;
    }

    public Sequence? FirstToGiveUp(ReplicaView view)
    {
        if (OnDemand(view) is { } victim) return victim;
        Sequence? largest = null;
        double most = -1;
        foreach (Sequence sequence in view.Paused)
        {
            if (sequence.KvBlocks == 0) continue;
            double seconds = sequence.NextCall is { } call ? Math.Max(0, (sequence.PausedAt + call.Duration - view.Now).Seconds) : 0;
            double area = seconds * sequence.ComputedTokens;
            if (area <= most) continue;
            most = area;
            largest = sequence;
        }
        return largest;
    }

    private static bool IsToGo(Sequence sequence) =>
        sequence.KvBlocks > 0 && !sequence.HasAnswer && sequence.Intent is { } intent && intent.Kv != PausedKv.Preserve;

    private static Sequence? OnDemand(ReplicaView view)
    {
        Sequence? victim = null;
        foreach (Sequence sequence in view.Paused)
            if (IsToGo(sequence) && (victim is null || sequence.Intent!.Value.Waste > victim.Intent!.Value.Waste)) victim = sequence;
        return victim;
    }
}
