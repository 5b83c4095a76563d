using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.VllmV1;

/// <summary>
/// vLLM v1's scheduler: no prefill or decode phases. Every sequence has computed tokens and wants the rest; a step hands out one token
/// budget, first to the running set in its order, then to the queue. Recompute is the only preemption.
/// </summary>
/// <remarks>
/// Source: vLLM v1 scheduler code. A sequence enters the running set when it is first scheduled; max sequences counts partial prefills
/// too, not the queue. Whoever is preempted goes to the front of the queue, and nobody is admitted in that step. The code's further bound
/// on a sequence's tokens, max_len − 1 − computed, can only bind with draft tokens: a sequence ends when it reaches max_len.
/// </remarks>
public sealed class VllmV1(
    int maxBatchedTokens, int maxSequences, int longPrefillThreshold, int maxPartialPrefills, QueuePolicy policy) : IScheduler
{
    private readonly WaitingQueue _waiting = new(policy == QueuePolicy.Priority);
    private readonly List<Sequence> _running = [];

    public int WaitingCount => _waiting.Count;

    public int RunningCount => _running.Count;

    public void Enqueue(Sequence sequence) => _waiting.Add(sequence);

    public void Resume(Sequence sequence, bool first) => _waiting.AddAgain(sequence, first);

    public void Remove(Sequence sequence)
    {
        if (!_running.Remove(sequence)) _waiting.Remove(sequence);
    }

    public void Plan(ReplicaView view, StepPlan plan)
    {
        int budget = ScheduleRunning(view.Memory, plan, out int partialPrefills);
        if (plan.PreemptedCount == 0) Admit(view.Memory, plan, budget, partialPrefills);
    }

    /// <summary>A plan of decodes stays while the queue is empty or its head is blocked by a limit that only a departure lifts.</summary>
    public Stability Stable(ReplicaView view, StepPlan plan)
    {
        if (_waiting.Count == 0) return Stability.UntilArrival;
        // Others' output may complete a prefix that the head waits for; that can only be seen by looking again.
        if (view.Memory.SharesContent && _waiting.Peek().HasSharedContent) return Stability.OneStep;
        // A full budget or set blocks everybody. Memory blocks the head, and free blocks only shrink until somebody leaves.
        return policy == QueuePolicy.Fcfs ? Stability.UntilDeparture : Stability.UntilArrival;
    }

    private int ScheduleRunning(IKvMemory memory, StepPlan plan, out int partialPrefills)
    {
        partialPrefills = 0;
        int budget = maxBatchedTokens;
        for (int i = 0; i < _running.Count && budget > 0; i++)
        {
            Sequence sequence = _running[i];
            if (sequence.InFlight) continue;
            int tokens = Math.Min(Math.Min(sequence.MissingTokens, longPrefillThreshold), budget);
            bool fits;
            while (!(fits = memory.TryGrow(sequence, sequence.ComputedTokens + tokens)))
            {
                if (plan.TryReclaimPaused()) continue;
                Sequence? victim = ChooseVictim();
                // Two sequences in alternating steps could evict themselves for ever: wait for the one in flight, which goes first.
                if (victim is null || (ReferenceEquals(victim, sequence) && IsNextVictimInFlight(sequence))) return 0;
                int index = _running.IndexOf(victim);
                _running.RemoveAt(index);
                if (index < i) i--;
                budget += plan.Preempt(victim);
                _waiting.AddFirst(victim);
                if (ReferenceEquals(victim, sequence)) break;
            }
            if (!fits) break;
            if (tokens < sequence.MissingTokens) partialPrefills++;
            plan.Add(sequence, tokens);
            budget -= tokens;
        }
        return budget;
    }

    private void Admit(IKvMemory memory, StepPlan plan, int budget, int partialPrefills)
    {
        while (_waiting.Count > 0 && budget > 0 && _running.Count < maxSequences)
        {
            Sequence head = _waiting.Peek();
            int cached = memory.CachedTokens(head);
            int tokens = Math.Min(Math.Min(head.MissingTokens - cached, longPrefillThreshold), budget);
            bool isPartial = tokens < head.MissingTokens - cached;
            if (isPartial && partialPrefills++ >= maxPartialPrefills) return;
            if (!memory.TryGrow(head, head.ComputedTokens + cached + tokens)) return;
            _waiting.RemoveFirst();
            _running.Add(head);
            plan.Add(head, tokens);
            budget -= tokens;
        }
    }

    private bool IsNextVictimInFlight(Sequence sequence)
    {
        if (policy == QueuePolicy.Fcfs) return !ReferenceEquals(_running[^1], sequence);
        foreach (Sequence other in _running)
            if (other.InFlight && WaitingQueue.IsMoreUrgent(sequence, other)) return true;
        return false;
    }

    private Sequence? ChooseVictim()
    {
        Sequence? victim = null;
        for (int i = _running.Count - 1; i >= 0; i--)
        {
            Sequence candidate = _running[i];
            if (candidate.InFlight) continue;
            if (policy == QueuePolicy.Fcfs) return candidate;
            if (victim is null || WaitingQueue.IsMoreUrgent(victim, candidate)) victim = candidate;
        }
        return victim;
    }
}
