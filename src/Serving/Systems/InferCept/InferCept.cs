using Orrery.Serving.Calls;
using Orrery.Serving.Execution;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.InferCept;

/// <summary>
/// InferCept's dynamic handling: at every step the KV of each paused sequence is kept, discarded or swapped, whichever wastes least when
/// its call is taken to last as long again as it has lasted. Copies that hide behind a step waste nothing, so each step's time is a
/// budget of copies, given to the most wasteful first; of a copy that outlasts it only the rest counts.
/// </summary>
/// <remarks>
/// Source: Abhyankar et al., ICML 2024, arXiv 2402.01869, as in Shahout et al., arXiv 2410.18248 (b). With copies that block steps
/// (<c>hostSwap: {out: blocking}</c>) nothing hides. What is discarded is computed again in the scheduler's chunks.
/// </remarks>
public sealed class InferCept(CallWaste waste, bool returnsFirst) : ICallHandling
{
    private readonly List<(double Waste, int Order, Sequence Sequence, WasteTerms Terms)> _candidates = [];

    public bool ReturnsFirst => returnsFirst;

    public void Review(ReplicaView view, StepPlan plan)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(plan);
        _candidates.Clear();
        for (int i = 0; i < view.Paused.Count; i++)
        {
            Sequence sequence = view.Paused[i];
            if (sequence.KvBlocks == 0 || sequence.HasAnswer) continue;
            double waited = (view.Now - sequence.PausedAt).Seconds;
            WasteTerms terms = waste.Of(waited, sequence.ComputedTokens, view.Memory.BlockTokens, CallWaste.OtherTokens(view, sequence), view.RunningSequences, null);
            _candidates.Add((Math.Min(terms.Preserve, terms.Discard), i, sequence, terms));
        }
        _candidates.Sort(static (a, b) => a.Waste != b.Waste ? b.Waste.CompareTo(a.Waste) : a.Order.CompareTo(b.Order));
        double hidden = view.Swap is { SendsOutInBackground: true } ? view.LastStep.Seconds : 0;
        foreach ((double least, _, Sequence sequence, WasteTerms terms) in _candidates)
        {
            if (TrySwap(view, plan, sequence, least, ref hidden)) continue;
            if (terms.Discard < terms.Preserve) plan.DiscardPaused(sequence);
        }
        _candidates.Clear();
    }

    /// <summary>Time goes on while anybody keeps KV, and with it the waste.</summary>
    public int QuietSteps(ReplicaView view)
    {
        foreach (Sequence sequence in view.Paused)
            if (sequence.KvBlocks > 0) return 1;
        return int.MaxValue;
    }

    private static bool TrySwap(ReplicaView view, StepPlan plan, Sequence sequence, double least, ref double hiddenSeconds)
    {
        if (view.Swap is not { } pool) return false;
        int from = sequence.HostTokens;
        int to = sequence.ComputedTokens;
        double copy = to == from ? 0 : pool.TimeFor(to - from, view.Memory.RunsOf(sequence, from, to)).Seconds;
        double moves = 2 * Math.Max(0, copy - hiddenSeconds) * CallWaste.OtherTokens(view, sequence);
        if (moves >= least || !plan.SwapOutPaused(sequence)) return false;
        hiddenSeconds = Math.Max(0, hiddenSeconds - copy);
        return true;
    }
}
