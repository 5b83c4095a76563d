using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.FastSwitch;

/// <summary>
/// The scheduler around FastSwitch and around what it is compared with: priorities change every round(1/f) steps, and at each step the
/// most urgent requests whose KV fits run. All others are preempted: swapped out where the memory has a host pool.
/// </summary>
/// <remarks>
/// Source: arXiv 2411.18424 (b), on vLLM 0.3.3: whole prompts in steps of their own, else decodes, and with them whoever comes back from the
/// host. A request that does not fit lets nobody in behind it, but does not displace less urgent running ones in vain (d). One that is
/// still being copied back has its memory and gets no tokens, so it does not count as served. Low priorities may wait long.
/// </remarks>
public sealed class PriorityRefresh : IScheduler
{
    private readonly PriorityDraws _draws;
    private readonly AdmissionLimits _limits;
    private readonly List<Member> _members = [];
    private readonly Dictionary<Sequence, Member> _bySequence = [];
    private long _steps;
    private long _refreshes;
    private bool _lastWasDecodes;
    private int _running;

    internal PriorityRefresh(PriorityDraws draws, AdmissionLimits limits)
    {
        _draws = draws;
        _limits = limits;
    }

    public int WaitingCount => _members.Count - _running;

    public int RunningCount => _running;

    public string? Refuses(Sequence sequence, IKvMemory memory) => WholePrompts.Refuse(sequence, memory, _limits);

    public void Enqueue(Sequence sequence)
    {
        Member member = new(sequence) { Priority = _draws.First(sequence, _refreshes) };
        sequence.Standing = member.Priority;
        _bySequence.Add(sequence, member);
        Insert(member);
    }

    public void Remove(Sequence sequence)
    {
        if (!_bySequence.Remove(sequence, out Member? member)) return;
        if (member.IsRunning) _running--;
        _members.Remove(member);
    }

    public void Plan(ReplicaView view, StepPlan plan)
    {
        plan.ReadsLater = true;
        Refresh();
        Choose(view.Memory);
        GiveWay(plan);
        _lastWasDecodes = false;
        if (AddPrompts(view.Memory, plan)) return;
        _lastWasDecodes = AddDecodes(view.Memory, plan);
    }

    /// <summary>Decodes stay until the next refresh: free memory only shrinks, so nobody who waits comes to fit.</summary>
    public Stability Stable(ReplicaView view, StepPlan plan)
    {
        if (!_lastWasDecodes) return Stability.OneStep;
        long steps = _draws.PeriodSteps == int.MaxValue ? int.MaxValue : _draws.PeriodSteps - (_steps % _draws.PeriodSteps);
        return new((int)steps, ArrivalsMatter: true);
    }

    public void Advance(StepPlan plan, int steps)
    {
        _steps += steps;
        foreach (PlanItem item in plan.Items)
            if (_bySequence.TryGetValue(item.Sequence, out Member? member)) member.WasServed = true;
    }

    private void Refresh()
    {
        long due = _steps / _draws.PeriodSteps;
        if (due == _refreshes) return;
        while (_refreshes < due)
        {
            _refreshes++;
            foreach (Member member in _members)
            {
                member.Priority = _draws.Next(member.Sequence, member.Priority, member.WasServed, _refreshes);
                member.Sequence.Standing = member.Priority;
                member.WasServed = false;
            }
        }
        _members.Sort(Member.Compare);
    }

    /// <summary>Marks who is to hold memory: whoever is in flight, then by priority while KV and places last.</summary>
    private void Choose(IKvMemory memory)
    {
        int free = memory.FreeBlocks;
        int places = _limits.Sequences;
        foreach (Member member in _members)
        {
            free += member.Sequence.KvBlocks;
            member.IsWanted = member.Sequence.InFlight;
            if (!member.IsWanted) continue;
            places--;
            free -= Need(member.Sequence, memory);
        }
        int watermark = _limits.WatermarkBlocks(memory);
        bool isOpen = true;
        bool isFirst = places == _limits.Sequences;
        foreach (Member member in _members)
        {
            if (member.IsWanted) continue;
            if (places == 0) break;
            if (!isOpen && !member.IsRunning) continue;
            int need = Need(member.Sequence, memory);
            // Alone it may ignore the watermark: one that has outgrown it could never come back.
            int left = member.IsRunning || isFirst ? 0 : watermark;
            if (need + left > free)
            {
                isOpen = false;
                continue;
            }
            isFirst = false;
            member.IsWanted = true;
            free -= need;
            places--;
        }
    }

    private static int Need(Sequence sequence, IKvMemory memory) => Math.Max(sequence.KvBlocks, memory.BlocksFor(sequence.TotalTokens));

    private void GiveWay(StepPlan plan)
    {
        for (int i = _members.Count - 1; i >= 0; i--)
        {
            Member member = _members[i];
            if (member.IsWanted || (!member.IsRunning && member.Sequence.KvBlocks == 0)) continue;
            Preempt(member, plan);
        }
    }

    private void Preempt(Member member, StepPlan plan)
    {
        member.IsWanted = false;
        member.Sequence.QueuesWithKv = false;
        plan.Preempt(member.Sequence);
        if (!member.IsRunning) return;
        member.IsRunning = false;
        _running--;
    }

    /// <summary>Whole prompts, and what sequences on the device have to read. False when nobody has any.</summary>
    private bool AddPrompts(IKvMemory memory, StepPlan plan)
    {
        int batched = 0;
        for (int i = 0; i < _members.Count; i++)
        {
            Sequence sequence = _members[i].Sequence;
            if (!_members[i].IsWanted || sequence.InFlight || sequence.IsDecoding || sequence.IsOnHost) continue;
            int tokens = sequence.MissingTokens - memory.CachedTokens(sequence);
            if (batched > 0 && batched + tokens > _limits.BatchedTokens) break;
            if (!TryGrow(i, sequence.TotalTokens, memory, plan)) continue;
            batched += sequence.MissingTokens;
            Add(_members[i], sequence.MissingTokens, plan);
        }
        return batched > 0;
    }

    /// <summary>Decodes, and beside them whoever comes back from the host: steps that last hide the copies of the one as of the other.</summary>
    /// <returns>True when they are all decodes of sequences that were on the device before.</returns>
    private bool AddDecodes(IKvMemory memory, StepPlan plan)
    {
        bool isSteady = true;
        int batched = 0;
        for (int i = 0; i < _members.Count; i++)
        {
            Sequence sequence = _members[i].Sequence;
            if (!_members[i].IsWanted || sequence.InFlight) continue;
            if (!sequence.IsDecoding || sequence.IsOnHost || !_members[i].IsRunning) isSteady = false;
            int toRead = sequence.IsDecoding ? 0 : sequence.MissingTokens;
            if (toRead > 0 && batched > 0 && batched + toRead > _limits.BatchedTokens) continue;
            if (!TryGrow(i, sequence.TotalTokens, memory, plan)) continue;
            batched += toRead;
            Add(_members[i], sequence.MissingTokens, plan);
        }
        return isSteady;
    }

    private void Add(Member member, int tokens, StepPlan plan)
    {
        plan.Add(member.Sequence, tokens);
        if (member.IsRunning) return;
        member.IsRunning = true;
        _running++;
    }

    /// <summary>Memory that sequences share is counted for each of them, so it may be short after all: then the least urgent give way.</summary>
    private bool TryGrow(int index, int tokens, IKvMemory memory, StepPlan plan)
    {
        Member member = _members[index];
        while (!memory.TryGrow(member.Sequence, tokens))
        {
            if (plan.TryReclaimPaused()) continue;
            int last = _members.Count - 1;
            while (last > index && (_members[last].Sequence.KvBlocks == 0 || _members[last].Sequence.InFlight)) last--;
            if (last > index)
            {
                Preempt(_members[last], plan);
                continue;
            }
            // Whoever is in flight can give way once it has landed; giving up one's own memory meanwhile could go on in turns for ever.
            bool mayLand = _members.Exists(static other => other.Sequence.InFlight);
            if (!mayLand && member.Sequence.KvBlocks > 0) Preempt(member, plan);
            return false;
        }
        return true;
    }

    private void Insert(Member member)
    {
        int index = _members.BinarySearch(member, Member.Order);
        _members.Insert(~index, member);
    }

    private sealed class Member(Sequence sequence)
    {
        public static Comparer<Member> Order { get; } = Comparer<Member>.Create(Compare);

        public Sequence Sequence => sequence;

        public double Priority { get; set; }

        public bool IsRunning { get; set; }

        public bool IsWanted { get; set; }

        /// <summary>In a step since the last refresh.</summary>
        public bool WasServed { get; set; }

        public static int Compare(Member a, Member b)
        {
            int order = a.Priority.CompareTo(b.Priority);
            return order != 0 ? order : SequenceOrder.ByArrival.Compare(a.Sequence, b.Sequence);
        }
    }
}
