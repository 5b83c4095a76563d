using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.Splitwise;

/// <summary>
/// Splitwise's instances (Patel et al., ISCA 2024; simulator, b). Each iteration is built anew, until requests or tokens run out, from:
/// (1) who has missed four iterations; (2) prompts, first come first served, while they fit the memory, whole, and the first of any length;
/// (3) decodes that had to leave a batch; (4) decodes of the last batch; (5) the others by arrival. A decode that is left out keeps its KV.
/// </summary>
/// <remarks>
/// Memory: prompt and one token when a prompt starts, the whole predicted output when the first decode starts. Everyone pending misses an
/// iteration that starts without it; the count is never set back. Ours (d): in (1) who came first goes first; a prompt that does not fit
/// blocks those behind it; without a prediction the client's limit is taken; an output beyond the prediction grows block by block; when
/// nobody can go on, or such a block is missing, the last to have come is computed again.
/// </remarks>
public sealed class Splitwise(int maxRequests, int maxTokens, int maxMisses) : IScheduler
{
    // By arrival.
    private readonly List<SplitwiseMember> _members = [];
    private readonly List<SplitwiseMember> _urgent = [];
    private int _inBatch;
    private int _chosen;
    private int _tokens;
    private bool _hasPrompt;
    private bool _promptsBlocked;
    private bool _limitsBind;
    private bool _decodesFirst;

    public int WaitingCount => _members.Count - _inBatch;

    public int RunningCount => _inBatch;

    public string? Refuses(Sequence sequence, IKvMemory memory) =>
        memory.BlocksFor(sequence.PromptTokens + 1) > memory.TotalBlocks ? "the prompt needs more KV memory than there is" : null;

    public void Enqueue(Sequence sequence)
    {
        SplitwiseMember member = new(sequence);
        int index = _members.Count;
        while (index > 0 && SplitwiseMember.ByArrival(_members[index - 1], member) > 0) index--;
        _members.Insert(index, member);
    }

    public void Remove(Sequence sequence)
    {
        int index = _members.FindIndex(member => ReferenceEquals(member.Sequence, sequence));
        if (index < 0) return;
        if (_members[index].IsInBatch) _inBatch--;
        _members.RemoveAt(index);
    }

    public void Plan(ReplicaView view, StepPlan plan)
    {
        // After an eviction for want of memory those go on for whom it was made, not the evicted prompt.
        Build(view, plan, _decodesFirst);
        if (_decodesFirst && _chosen == 0) Build(view, plan, decodesOnly: false);
        _decodesFirst = false;
        Settle(plan);
    }

    private void Build(ReplicaView view, StepPlan plan, bool decodesOnly)
    {
        Begin();
        _promptsBlocked = decodesOnly;
        foreach (SplitwiseMember member in _urgent) TryTake(member, view.Memory, plan);
        foreach (SplitwiseMember member in _members)
            if (!member.Sequence.IsDecoding) TryTake(member, view.Memory, plan);
        foreach (SplitwiseMember member in _members)
            if (member is { IsBlocked: true, Sequence.IsDecoding: true }) TryTake(member, view.Memory, plan);
        foreach (SplitwiseMember member in _members)
            if (member.IsInBatch) TryTake(member, view.Memory, plan);
        foreach (SplitwiseMember member in _members) TryTake(member, view.Memory, plan);
    }

    /// <summary>
    /// While nobody leaves, memory stays as it is, and who lacks it misses further iterations: the plan stays until one of them has missed so
    /// many that the order changes. Whom requests or tokens kept out could then go first.
    /// </summary>
    public Stability Stable(ReplicaView view, StepPlan plan)
    {
        int pending = _members.Count - _inBatch;
        // A prompt can look like a decode, when a cache still holds all but one token of it.
        if (_limitsBind || _hasPrompt || (pending > 0 && view.Memory.SharesContent)) return Stability.OneStep;
        int steps = int.MaxValue;
        foreach (SplitwiseMember member in _members)
            if (!member.IsInBatch && pending > 1 && member.Misses <= maxMisses) steps = Math.Min(steps, maxMisses + 1 - member.Misses);
        return new(Math.Max(1, steps), ArrivalsMatter: true);
    }

    public void Advance(StepPlan plan, int steps)
    {
        if (steps > 1) CountMisses(steps - 1);
    }

    private void Begin()
    {
        _urgent.Clear();
        _chosen = 0;
        _tokens = 0;
        _hasPrompt = false;
        _limitsBind = false;
        foreach (SplitwiseMember member in _members)
        {
            member.IsChosen = false;
            if (member.Sequence.InFlight) _chosen++;
            else if (member.Misses >= maxMisses) _urgent.Add(member);
        }
    }

    private void TryTake(SplitwiseMember member, IKvMemory memory, StepPlan plan)
    {
        if (member.IsChosen || member.Sequence.InFlight) return;
        if (_chosen >= maxRequests)
        {
            _limitsBind = true;
            return;
        }
        if (!(member.Sequence.IsDecoding ? TakeDecode(member, memory, plan) : TakePrompt(member, memory))) return;
        // From here on nobody else may take its KV.
        member.Sequence.QueuesWithKv = false;
        member.IsChosen = true;
        _chosen++;
    }

    private bool TakePrompt(SplitwiseMember member, IKvMemory memory)
    {
        Sequence sequence = member.Sequence;
        if (_promptsBlocked) return false;
        if (_hasPrompt && _tokens + sequence.MissingTokens > maxTokens)
        {
            _promptsBlocked = true;
            _limitsBind = true;
            return false;
        }
        if (!memory.TryGrow(sequence, sequence.TotalTokens, sequence.TotalTokens + 1))
        {
            _promptsBlocked = true;
            return false;
        }
        _hasPrompt = true;
        _tokens += sequence.MissingTokens;
        return true;
    }

    private bool TakeDecode(SplitwiseMember member, IKvMemory memory, StepPlan plan)
    {
        if (_tokens + 1 > maxTokens)
        {
            _limitsBind = true;
            return false;
        }
        Sequence sequence = member.Sequence;
        int next = sequence.ComputedTokens + 1;
        // What was moved to the host, or computed again, starts anew.
        if (!member.HasStarted || sequence.KvBlocks == 0)
        {
            if (!memory.TryGrow(sequence, next, Math.Max(next, WholeTokens(sequence, memory)))) return false;
            member.HasStarted = true;
        }
        else if (!TryGrow(member, next, memory, plan))
        {
            return false;
        }
        _tokens++;
        return true;
    }

    /// <summary>Prompt, what tools returned and the predicted output: never more than the memory has.</summary>
    private static int WholeTokens(Sequence sequence, IKvMemory memory)
    {
        int output = sequence.PredictedOutputTokens > 0 ? Math.Min(sequence.PredictedOutputTokens, sequence.MaxTokens) : sequence.MaxTokens;
        long most = (long)memory.TotalBlocks * memory.BlockTokens;
        return (int)Math.Min(most, (long)sequence.PromptTokens + sequence.ReturnedTokens + output);
    }

    /// <summary>The output is longer than was predicted: it takes another block, at the expense of those that came later.</summary>
    private bool TryGrow(SplitwiseMember member, int tokens, IKvMemory memory, StepPlan plan)
    {
        while (!memory.TryGrow(member.Sequence, tokens))
        {
            if (plan.TryReclaimPaused()) continue;
            if (Victim(member) is not { } victim) return false;
            Evict(victim, plan);
            if (ReferenceEquals(victim, member)) return false;
        }
        return true;
    }

    /// <summary>The last holder behind this one; itself when nobody there holds any; null when those behind are all in flight.</summary>
    private SplitwiseMember? Victim(SplitwiseMember needy)
    {
        bool isWaitedFor = false;
        for (int i = _members.Count - 1; i >= 0; i--)
        {
            SplitwiseMember member = _members[i];
            if (ReferenceEquals(member, needy)) return isWaitedFor ? null : needy;
            if (member.Sequence.KvBlocks == 0) continue;
            if (!member.Sequence.InFlight) return member;
            isWaitedFor = true;
        }
        return null;
    }

    private void Evict(SplitwiseMember victim, StepPlan plan)
    {
        if (victim.IsChosen)
        {
            victim.IsChosen = false;
            _chosen--;
            _tokens -= victim.Sequence.MissingTokens;
        }
        plan.Preempt(victim.Sequence);
        victim.HasStarted = false;
        Leave(victim);
    }

    private void Leave(SplitwiseMember member)
    {
        if (!member.IsInBatch) return;
        member.IsInBatch = false;
        member.IsBlocked = member.Sequence.KvBlocks > 0;
        _inBatch--;
    }

    private void Settle(StepPlan plan)
    {
        foreach (SplitwiseMember member in _members)
        {
            if (member.Sequence.InFlight) continue;
            if (member.IsChosen)
            {
                plan.Add(member.Sequence, member.Sequence.MissingTokens);
                if (!member.IsInBatch) _inBatch++;
                member.IsInBatch = true;
                member.IsBlocked = false;
            }
            else if (member.IsInBatch)
            {
                plan.PreemptKeepingMemory(member.Sequence);
                Leave(member);
            }
        }
        if (plan.Items.Length > 0) CountMisses(1);
        else if (_chosen == 0) EvictLastHolder(plan);
    }

    /// <summary>Nobody can go on: those that wait for tools give up their memory, then the last of those that may wait for each other's.</summary>
    private void EvictLastHolder(StepPlan plan)
    {
        if (_members.Count == 0 || plan.TryReclaimPaused()) return;
        SplitwiseMember? last = _members.FindLast(static member => member.Sequence.KvBlocks > 0);
        if (last is null) return;
        Evict(last, plan);
        _decodesFirst = true;
    }

    private void CountMisses(int iterations)
    {
        foreach (SplitwiseMember member in _members)
            if (!member.IsInBatch) member.Misses += iterations;
    }
}
