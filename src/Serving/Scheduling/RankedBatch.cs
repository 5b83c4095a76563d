using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Scheduling;

/// <summary>
/// An iteration-level batch with a token budget in which a better rank takes the place of a worse one. Who gives way keeps its KV memory
/// and resumes for free; the memory is lost (and recomputed) only when somebody before it needs the blocks.
/// </summary>
/// <remarks>
/// Each plan walks running and queued members by rank, pinned ones first, while slots, budget and memory last. Budget is set aside for
/// the decodes still to come, so a prompt never stalls them. Blocks of a whole prompt are taken at admission. The queue's head blocks
/// those behind it. Victims when memory runs out: the worst rank among those that hold memory without running, then among running ones
/// that may give way, then (for a running member only, d) among the pinned ones behind it, at last itself.
/// </remarks>
/// <param name="margin">A queued member goes before a running one only when its rank is lower by more than this.</param>
public sealed class RankedBatch(AdmissionLimits limits, double margin)
{
    private readonly SortedSet<RankedMember> _queue = new(RankedMember.ByRank);
    private readonly List<RankedMember> _holders = [];
    private readonly List<RankedMember> _running = [];
    private readonly List<RankedMember> _entered = [];
    private readonly List<(Sequence Sequence, int Tokens)> _chosen = [];
    private int _next;
    private int _slots;
    private int _budget;
    private int _decodesToCome;
    private RankedMember? _atHand;

    /// <summary>Members queued, those that were preempted and hold memory included.</summary>
    public int QueuedCount => _queue.Count;

    public IReadOnlyList<RankedMember> Running => _running;

    public RankedMember? Head => _queue.Min;

    /// <summary>Queues a member; one that comes back with its KV may lose it to a better rank.</summary>
    public void Enqueue(RankedMember member)
    {
        _queue.Add(member);
        if (member.Sequence.KvBlocks == 0) return;
        member.Sequence.QueuesWithKv = false;
        _holders.Add(member);
    }

    public void Remove(RankedMember member)
    {
        if (_running.Remove(member)) return;
        _queue.Remove(member);
        _holders.Remove(member);
    }

    /// <summary>Fills a plan by the members' ranks of this moment.</summary>
    public void Plan(IKvMemory memory, StepPlan plan)
    {
        Begin();
        bool isQueueOpen = true;
        while (_slots > 0)
        {
            while (_next < _running.Count && _running[_next].IsTaken) _next++;
            RankedMember? running = _next < _running.Count ? _running[_next] : null;
            RankedMember? queued = isQueueOpen ? _queue.Min : null;
            if (queued is not null && (running is null || GoesFirst(queued, running))) isQueueOpen = TryEnter(queued, memory, plan);
            else if (running is not null) Continue(running, memory, plan);
            else break;
        }
        PauseTheRest(plan);
        _running.AddRange(_entered);
        // The order of the plan must not depend on ranks, which may change inside a run of equal steps.
        _chosen.Sort(static (a, b) => SequenceOrder.ByArrival.Compare(a.Sequence, b.Sequence));
        foreach ((Sequence sequence, int tokens) in _chosen) plan.Add(sequence, tokens);
    }

    /// <summary>
    /// How long a plan of decodes stays when no running member's rank rises above what it is now for a number of steps. Then nobody queued
    /// gains: slots stay taken, free blocks shrink, and fewer running members are worse than the head.
    /// </summary>
    /// <param name="stepsWithoutRise">At least 1.</param>
    public Stability Stable(IKvMemory memory, StepPlan plan, int stepsWithoutRise)
    {
        // Whom the budget leaves out depends on ranks.
        if (plan.Items.Length < _running.Count) return Stability.OneStep;
        if (_queue.Min is not { } head) return Stability.UntilArrival;
        if (memory.SharesContent && head.Sequence.HasSharedContent) return Stability.OneStep;
        return new(stepsWithoutRise, ArrivalsMatter: true);
    }

    private void Begin()
    {
        _running.Sort(RankedMember.OrderOfService);
        _entered.Clear();
        _chosen.Clear();
        _next = 0;
        _slots = limits.Sequences;
        _budget = limits.BatchedTokens;
        _decodesToCome = 0;
        _atHand = null;
        foreach (RankedMember member in _running)
        {
            member.IsTaken = member.Sequence.InFlight;
            if (member.IsTaken) _slots--;
            else if (member.Sequence.IsDecoding) _decodesToCome++;
        }
    }

    private bool GoesFirst(RankedMember queued, RankedMember running) => !running.IsPinned && queued.Rank + margin < running.Rank;

    /// <summary>Tokens that a member may take now, so that the decodes behind it get theirs.</summary>
    private int BudgetBesideDecodes() => _budget - Math.Min(_decodesToCome, _slots - 1);

    private void Choose(RankedMember member, int tokens)
    {
        member.IsTaken = true;
        _slots--;
        _budget -= tokens;
        if (tokens > 0) _chosen.Add((member.Sequence, tokens));
    }

    private bool TryEnter(RankedMember member, IKvMemory memory, StepPlan plan)
    {
        Sequence sequence = member.Sequence;
        int budget = BudgetBesideDecodes();
        if (budget <= 0) return false;
        bool holds = sequence.KvBlocks > 0;
        int room = Math.Max(sequence.TotalTokens, sequence.KvBlocks * memory.BlockTokens);
        int missing = memory.BlocksFor(room) - sequence.KvBlocks;
        int watermark = holds ? 0 : limits.WatermarkBlocks(memory, sequence, isAlone: _running.Count == 0 && _entered.Count == 0);
        if (!holds && memory.FreeSlots == 0 && WorstHolder(member) is { } last) Discard(last, plan);
        if (!TryFree(member, missing + watermark, memory, plan)) return false;
        int cached = holds ? 0 : memory.CachedTokens(sequence);
        int tokens = Math.Min(sequence.MissingTokens - cached, budget);
        int computed = sequence.ComputedTokens + cached + tokens;
        if (!memory.TryGrow(sequence, computed, Math.Max(computed, sequence.TotalTokens))) return false;
        _queue.Remove(member);
        if (holds) _holders.Remove(member);
        _entered.Add(member);
        Choose(member, tokens);
        return true;
    }

    private void Continue(RankedMember member, IKvMemory memory, StepPlan plan)
    {
        Sequence sequence = member.Sequence;
        _atHand = member;
        if (sequence.IsDecoding) _decodesToCome--;
        int tokens = sequence.IsDecoding ? Math.Min(1, _budget) : Math.Clamp(BudgetBesideDecodes(), 0, sequence.MissingTokens);
        while (!memory.TryGrow(sequence, sequence.ComputedTokens + tokens))
        {
            if (plan.TryReclaimPaused()) continue;
            if (Victim(member) is { } victim)
            {
                Discard(victim, plan);
                continue;
            }
            // Somebody in flight can be evicted once it has landed; evicting oneself meanwhile could go on in turns for ever.
            if (_running.Exists(static other => other.Sequence.InFlight)) tokens = 0;
            else Discard(member, plan);
            break;
        }
        if (sequence.KvBlocks > 0) Choose(member, tokens);
    }

    /// <summary>Discards memory of worse members until so many blocks are free; touches nobody when that would not suffice.</summary>
    private bool TryFree(RankedMember member, int blocks, IKvMemory memory, StepPlan plan)
    {
        if (memory.FreeBlocks >= blocks) return true;
        long within = memory.FreeBlocks;
        foreach (RankedMember holder in _holders)
            if (!ReferenceEquals(holder, member)) within += holder.Sequence.KvBlocks;
        for (int i = _next; i < _running.Count; i++)
            if (!_running[i].IsTaken && GoesFirst(member, _running[i])) within += _running[i].Sequence.KvBlocks;
        if (within < blocks) return false;
        while (memory.FreeBlocks < blocks)
        {
            if ((WorstHolder(member) ?? WorstRunning(_next, other => GoesFirst(member, other))) is not { } victim) return false;
            Discard(victim, plan);
        }
        return true;
    }

    private RankedMember? Victim(RankedMember needy) =>
        WorstHolder(needy) ?? WorstRunning(_next + 1, static other => !other.IsPinned) ?? WorstRunning(_next + 1, static _ => true);

    private RankedMember? WorstHolder(RankedMember needy)
    {
        RankedMember? worst = null;
        foreach (RankedMember holder in _holders)
        {
            if (ReferenceEquals(holder, needy)) continue;
            if (worst is null || RankedMember.ByRank.Compare(holder, worst) > 0) worst = holder;
        }
        return worst;
    }

    private RankedMember? WorstRunning(int from, Predicate<RankedMember> mayGo)
    {
        for (int i = _running.Count - 1; i >= from; i--)
            if (!_running[i].IsTaken && mayGo(_running[i])) return _running[i];
        return null;
    }

    private void Discard(RankedMember victim, StepPlan plan)
    {
        int index = _running.IndexOf(victim);
        // The member at hand was counted out when its turn came.
        bool isToCome = index > _next || (index == _next && _atHand != victim);
        if (index >= 0 && isToCome && victim.Sequence.IsDecoding) _decodesToCome--;
        plan.Preempt(victim.Sequence);
        if (_holders.Remove(victim)) return;
        _running.RemoveAt(index);
        _queue.Add(victim);
    }

    /// <summary>Slots are out: who was not taken gives way and keeps its memory.</summary>
    private void PauseTheRest(StepPlan plan)
    {
        if (_slots > 0) return;
        for (int i = _running.Count - 1; i >= 0; i--)
        {
            RankedMember member = _running[i];
            if (member.IsTaken) continue;
            plan.PreemptKeepingMemory(member.Sequence);
            member.Pauses++;
            _running.RemoveAt(i);
            _queue.Add(member);
            _holders.Add(member);
        }
    }
}
