using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;
using Orrery.Serving.Swap;

namespace Orrery.Serving.Execution;

/// <summary>Sequences that leave the device's memory, and those that come back.</summary>
public sealed partial class StepPlan
{
    private int _returning;
    private Action<Sequence> _onReturn = static _ => { };

    /// <summary>Told of each sequence that starts to come back beside the steps; set by the replica.</summary>
    internal Action<Sequence> OnReturn
    {
        init => _onReturn = value;
    }

    /// <summary>Who among the paused gives its memory up first; set by the replica.</summary>
    internal Func<Sequence?>? FirstToGiveUp { get; init; }

    /// <summary>
    /// Takes a sequence's memory. Where the replica has a host pool with room its KV is copied there, else prompt and generated tokens will
    /// be computed again. If it is in this plan it leaves it.
    /// </summary>
    /// <returns>The tokens it had in this plan: a budget to refund.</returns>
    public int Preempt(Sequence victim)
    {
        int refund = Remove(victim);
        if (TrySendOut(victim)) PreemptedToHostCount++;
        else Discard(victim);
        CountPreemption(victim);
        return refund;
    }

    /// <summary>
    /// Takes a sequence out of the running set while it keeps its memory: nobody else can use those blocks, and it resumes for free.
    /// If it is in this plan it leaves it.
    /// </summary>
    /// <returns>The tokens it had in this plan: a budget to refund.</returns>
    public int PreemptKeepingMemory(Sequence victim)
    {
        int refund = Remove(victim);
        PreemptedInPlaceCount++;
        CountPreemption(victim);
        return refund;
    }

    /// <summary>Frees the KV of a sequence that waits for a tool; all its tokens will be computed again.</summary>
    public void DiscardPaused(Sequence sequence)
    {
        if (!sequence.IsPaused) throw new InvalidOperationException($"{sequence} is not paused");
        Discard(sequence);
    }

    /// <summary>
    /// Frees the memory of one sequence that waits for a tool, or queues since its tool has answered, for those that run. False when none
    /// of them holds any.
    /// </summary>
    public bool TryReclaimPaused()
    {
        if (FirstToGiveUp?.Invoke() is not { } sequence) return false;
        if (!TrySendOut(sequence)) Discard(sequence);
        ReclaimedCount++;
        return true;
    }

    /// <summary>Copies the KV of a sequence that waits for a tool to the host. False, and nothing happens, where there is no room.</summary>
    public bool SwapOutPaused(Sequence sequence)
    {
        if (!sequence.IsPaused) throw new InvalidOperationException($"{sequence} is not paused");
        return TrySendOut(sequence);
    }

    /// <summary>Brings planned sequences back from the host: in the background, and then without a part in this step, or while the step waits.</summary>
    /// <param name="lastStep">Time of the last step.</param>
    internal void SettleReturns(Duration lastStep)
    {
        if (swap is not null && _returning > 0) BringBack(swap, lastStep);
    }

    /// <summary>Lets the step wait for blocks whose old content is still on its way out. After everything that takes memory.</summary>
    internal void SettleBlocks()
    {
        if (swap is not null && _count > 0) Wait(Duration.Max(Duration.Zero, swap.StepMayStart(memory.FreeBlocks) - (Now + Delay)));
    }

    /// <summary>Tells the memory what the step writes and lets the step wait for it; the last thing before the step starts.</summary>
    /// <returns>The wait.</returns>
    internal Duration SettleMemory()
    {
        if (memory.FollowsWrites)
            foreach (ref readonly PlanItem item in Items)
                memory.StepWrites(item.Sequence, item.Sequence.ComputedTokens + item.Tokens + item.DraftTokens);
        Duration wait = memory.StepStarts(Now + Delay);
        Wait(wait);
        return wait;
    }

    private void BringBack(KvSwap pool, Duration lastStep)
    {
        Duration all = Duration.Zero;
        foreach (ref readonly PlanItem item in Items)
            if (item.Sequence.IsOnHost) all += pool.TimeToReturn(item.Sequence, memory);
        bool hides = pool.HidesReturn(all, _count - _returning, lastStep, Now);
        for (int i = 0; i < _count; i++)
        {
            Sequence sequence = _items[i].Sequence;
            if (!sequence.IsOnHost) continue;
            Duration time = pool.TimeToReturn(sequence, memory);
            // One with a prompt or an answer to read was given its place in this very step, unless its scheduler reads on later.
            if (hides && (sequence.IsDecoding || ReadsLater))
            {
                RemoveAt(i--);
                pool.StartReturn(sequence, time, Now);
                _onReturn(sequence);
            }
            else
            {
                pool.Return(sequence, time, Now);
                _returning--;
            }
        }
    }

    private bool TrySendOut(Sequence sequence)
    {
        // One that was about to come back has its copy there still.
        if (!sequence.IsOnHost && (swap is null || !swap.TrySendOut(sequence, memory, Now))) return false;
        memory.Release(sequence);
        sequence.KvLosses++;
        return true;
    }

    private void Discard(Sequence sequence)
    {
        memory.Release(sequence);
        sequence.KvLosses++;
        swap?.Drop(sequence);
        sequence.ComputedTokens = 0;
        sequence.MissedByDraft = 0;
    }

    private void CountPreemption(Sequence victim)
    {
        victim.Preemptions++;
        PreemptedCount++;
    }

    private int Remove(Sequence victim)
    {
        if (victim.InFlight) throw new InvalidOperationException($"{victim} is in flight and cannot be preempted");
        // Victims are almost always near the end: the last of the running set.
        for (int i = _count - 1; i >= 0; i--)
        {
            if (!ReferenceEquals(_items[i].Sequence, victim)) continue;
            int tokens = _items[i].Tokens;
            RemoveAt(i);
            return tokens;
        }
        return 0;
    }
}
