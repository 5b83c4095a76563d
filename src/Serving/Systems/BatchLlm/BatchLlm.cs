using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.BatchLlm;

/// <summary>
/// BatchLLM: offline jobs. All waiting prompts are looked at together; requests that share a prefix run as a group, whose prefix is
/// computed once, pinned while members run and freed with the last; groups that decode most for each prompt token go first; KV memory,
/// not a number of requests, limits the batch; the decodes of a group read their prefix once.
/// </summary>
/// <remarks>
/// Source: Zheng et al., arXiv 2412.03594. A step holds one token for each running decode, then slices of prompts up to the token cap.
/// The group's first member computes the prefix as the head of its own prompt; meanwhile the next group's may begin. What arrives together
/// is planned together; what arrives later is a further batch behind it. Nothing here looks at latency or fairness. The blocks of a whole
/// prompt are taken at its admission (d); on overflow the newest request is preempted by recompute, and nobody is admitted until somebody
/// has left. Groups are per replica: a router spreads requests without knowing them, so one replica, or equal prefixes to one replica, keeps
/// reuse whole. A prefix whose group has nobody running gives way when nothing else is left.
/// </remarks>
public sealed class BatchLlm(BatchLlmOptions options) : IScheduler
{
    private readonly List<Sequence> _newcomers = [];
    private readonly Dictionary<Sequence, GroupRun> _groupOf = [];

    // Groups with waiting members, the next one last; and all that hold a pin.
    private readonly List<GroupRun> _queue = [];
    private readonly List<GroupRun> _pinned = [];
    private readonly List<GroupRun> _led = [];
    private readonly Admission _admission = new(options);
    private RunningList? _running;
    private IKvMemory? _memory;
    private int _waiting;
    private int _groupsMade;
    private bool _isBlocked;

    public int WaitingCount => _waiting;

    public int RunningCount => Running.Count;

    /// <summary>In order of admission: the newest is the last.</summary>
    private RunningList Running => _running ??= new(Comparer<Sequence>.Create(static (_, _) => 0), PutBack);

    public void Enqueue(Sequence sequence)
    {
        _newcomers.Add(sequence);
        _waiting++;
    }

    public void Remove(Sequence sequence)
    {
        if (!_groupOf.Remove(sequence, out GroupRun? group))
        {
            if (_newcomers.Remove(sequence)) _waiting--;
            return;
        }
        _isBlocked = false;
        if (Running.Remove(sequence))
        {
            _admission.Learn(sequence);
            StopRunning(group, sequence);
        }
        else if (group.RemoveWaiting(sequence))
        {
            _waiting--;
            if (group.WaitingCount == 0) _queue.Remove(group);
        }
        if (group.IsOver) Unpin(group);
    }

    public void Plan(ReplicaView view, StepPlan plan)
    {
        _memory = view.Memory;
        PlanNewcomers();
        for (int i = _led.Count - 1; i >= 0; i--) Settle(_led[i]);
        StepBudget budget = new(options.TokenCap);
        Decode(plan, ref budget);
        ContinuePrompts(plan, ref budget);
        if (plan.PreemptedCount == 0) Admit(plan, ref budget);
        if (options.FusedAttention) ShareContexts(plan);
    }

    /// <summary>A plan of decodes stays while nobody may join: nobody waits, no place is left, or memory has blocked the head.</summary>
    public Stability Stable(ReplicaView view, StepPlan plan) =>
        _waiting == 0 || _isBlocked || Running.Count >= options.MostRunning ? Stability.UntilArrival : Stability.OneStep;

    private void PlanNewcomers()
    {
        if (_newcomers.Count == 0) return;
        List<PrefixGroup> groups = options.Groups && _memory!.SharesContent
            ? PrefixGroups.Find(_newcomers, _memory.BlockTokens)
            : PrefixGroups.Apart(_newcomers);
        if (options.Reorder) groups = PrefixGroups.LongestDecodesFirst(groups, _admission.ExpectedTokens);
        _newcomers.Clear();
        List<GroupRun> batch = [];
        foreach (PrefixGroup group in groups)
        {
            GroupRun run = new(group, _groupsMade++);
            foreach (Sequence member in group.Members) _groupOf.Add(member, run);
            batch.Add(run);
        }
        batch.Reverse();
        _queue.InsertRange(0, batch);
    }

    private void Decode(StepPlan plan, ref StepBudget budget)
    {
        for (int i = 0; i < Running.Count; i++)
        {
            Sequence sequence = Running[i];
            if (sequence.InFlight || !sequence.IsDecoding) continue;
            if (!TryMakeRoom(sequence, plan)) break;
            plan.Add(sequence, 1);
            budget.Take(1);
        }
    }

    /// <summary>Room for a decode's next token: the newest gives way, then prefixes nobody uses, at last the sequence itself.</summary>
    private bool TryMakeRoom(Sequence sequence, StepPlan plan)
    {
        while (!_memory!.TryGrow(sequence, sequence.ComputedTokens + 1))
        {
            Sequence last = Running.Last()!;
            if (!ReferenceEquals(last, sequence))
            {
                Running.Preempt(last, plan);
                continue;
            }
            if (TryDropPrefix()) continue;
            // Those behind are in flight: they can be preempted when they have landed.
            if (!ReferenceEquals(Running[Running.Count - 1], sequence)) return false;
            Running.Preempt(sequence, plan);
            return false;
        }
        return true;
    }

    private void ContinuePrompts(StepPlan plan, ref StepBudget budget)
    {
        for (int i = 0; i < Running.Count && budget.Left > 0; i++)
        {
            Sequence sequence = Running[i];
            if (sequence.InFlight || sequence.IsDecoding) continue;
            int tokens = budget.Slice(sequence.MissingTokens);
            // The room is there since the admission; this tells the cache what the step fills.
            _memory!.TryGrow(sequence, sequence.ComputedTokens + tokens);
            plan.Add(sequence, tokens);
            budget.Take(tokens);
        }
    }

    /// <summary>Members of the first group that can go on; a group whose prefix is being computed lets the next one begin.</summary>
    private void Admit(StepPlan plan, ref StepBudget budget)
    {
        if (_isBlocked && Running.Count > 0) return;
        _isBlocked = false;
        _admission.Begin(Running, _groupOf, _memory!);
        int next = _queue.Count - 1;
        while (next >= 0 && budget.Left > 0 && Running.Count < options.MostRunning)
        {
            GroupRun group = _queue[next];
            if (group.Leader is not null)
            {
                next--;
                continue;
            }
            Sequence head = group.Head;
            int cached = _memory!.CachedTokens(head);
            int tokens = budget.Slice(head.TotalTokens - cached);
            bool fits = Running.Count == 0 || _admission.Fits(head, Math.Min(cached, group.Pin?.Tokens ?? 0));
            if (!fits || !_memory.TryGrow(head, cached + tokens, head.TotalTokens))
            {
                if (Running.Count == 0 && TryDropPrefix()) continue;
                _isBlocked = true;
                return;
            }
            Start(group, head, tokens, plan);
            budget.Take(tokens);
            if (group.WaitingCount > 0) continue;
            _queue.RemoveAt(next--);
        }
    }

    private void Start(GroupRun group, Sequence head, int tokens, StepPlan plan)
    {
        group.RemoveHead();
        _waiting--;
        if (!group.IsReady && group.PrefixTokens > 0)
        {
            group.Leader = head;
            _led.Add(group);
        }
        group.RunningCount++;
        Running.Add(head);
        _admission.Started(head, group);
        plan.Add(head, tokens);
    }

    /// <summary>A preempted sequence is the next of its group again.</summary>
    private void PutBack(Sequence sequence)
    {
        GroupRun group = _groupOf[sequence];
        StopRunning(group, sequence);
        group.PutBack(sequence);
        _waiting++;
        _isBlocked = true;
        if (group.WaitingCount > 1) return;
        int place = _queue.Count;
        while (place > 0 && _queue[place - 1].Order < group.Order) place--;
        _queue.Insert(place, group);
    }

    private void StopRunning(GroupRun group, Sequence sequence)
    {
        group.RunningCount--;
        if (ReferenceEquals(group.Leader, sequence))
        {
            Settle(group);
            group.Leader = null;
            _led.Remove(group);
        }
        group.LoseUnheldPrefix();
    }

    private void Settle(GroupRun group)
    {
        group.Settle(_memory!);
        if (group.Leader is not null) return;
        _led.Remove(group);
        if (group.Pin is not null) _pinned.Add(group);
    }

    private void Unpin(GroupRun group)
    {
        if (group.Pin is null) return;
        group.Unpin(_memory!);
        _pinned.Remove(group);
    }

    /// <summary>Frees the pinned prefix that is needed last among those without running members, then among the others.</summary>
    private bool TryDropPrefix()
    {
        GroupRun? last = null;
        foreach (GroupRun group in _pinned)
            if (last is null || (group.RunningCount == 0, group.Order).CompareTo((last.RunningCount == 0, last.Order)) > 0) last = group;
        if (last is null) return false;
        Unpin(last);
        return true;
    }

    private void ShareContexts(StepPlan plan)
    {
        if (_pinned.Count == 0) return;
        foreach (ref readonly PlanItem item in plan.Items)
            if (item.Sequence.IsDecoding) _groupOf[item.Sequence].Planned++;
        foreach (GroupRun group in _pinned)
        {
            if (group.Planned > 1) plan.ShareContext(group.Pin!.Tokens, group.Planned);
        }
        foreach (ref readonly PlanItem item in plan.Items) _groupOf[item.Sequence].Planned = 0;
    }
}
