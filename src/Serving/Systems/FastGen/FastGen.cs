using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.FastGen;

/// <summary>
/// DeepSpeed-FastGen's Dynamic SplitFuse (Holmes et al. 2024, arXiv 2401.08671): throughput is a concave function of the tokens in a
/// pass, so passes of one fixed size are best. Generation goes first; then prompts fill the pass, long ones split, short ones composed.
/// </summary>
/// <remarks>
/// The engine keeps one buffer; here its two kinds of requests stand in two lists, which is the same: a generating request returns to
/// the tail after each pass, the rest of a split prompt to the very front, so prompts that hold memory always stand before generating
/// requests. A prompt enters a pass only when the KV memory could hold all of what it lacks, although only a slice is taken; the first
/// that does not fit stops those behind it. A generating request that finds no block is left out of the pass. When nothing at all can be
/// scheduled, the last of the buffer that holds memory is flushed: it goes to the tail as a new prompt, its tokens so far included. There
/// is no priority and no fairness.
/// </remarks>
/// <param name="tokenBudget">Tokens of a pass.</param>
/// <param name="maxSequences">Sequences of a pass.</param>
/// <param name="maxTracked">Sequences that may hold memory.</param>
public sealed class FastGen(int tokenBudget, int maxSequences, int maxTracked) : IScheduler
{
    private readonly LinkedList<Sequence> _prompts = new();
    private readonly List<Sequence> _generating = [];
    private readonly List<Sequence> _left = [];
    private readonly HashSet<Sequence> _partial = [];
    private bool _isWhole;

    /// <summary>Requests without memory.</summary>
    public int WaitingCount => _prompts.Count - _partial.Count;

    /// <summary>Requests with memory: the engine tracks them.</summary>
    public int RunningCount => _generating.Count + _partial.Count;

    public void Enqueue(Sequence sequence) => _prompts.AddLast(sequence);

    public void Resume(Sequence sequence, bool first)
    {
        if (first) _prompts.AddFirst(sequence);
        else _prompts.AddLast(sequence);
    }

    public void Remove(Sequence sequence)
    {
        if (_generating.Remove(sequence)) return;
        _prompts.Remove(sequence);
        _partial.Remove(sequence);
    }

    public void Plan(ReplicaView view, StepPlan plan)
    {
        StepBudget budget = new(tokenBudget);
        ScheduleGeneration(view.Memory, plan, ref budget);
        _isWhole = _left.Count == 0;
        int generated = plan.Tokens;
        SchedulePrompts(view.Memory, plan, ref budget);
        _isWhole &= plan.Tokens == generated;
        if (plan.IsEmpty && view.InFlightSequences == 0) BreakDeadlock(plan);
    }

    /// <summary>
    /// A pass of generation alone repeats when nobody was left out: the order stays, and the first prompt is blocked by limits that only
    /// a departure lifts. A prompt's slice can look like generation, when a cache holds all but one token.
    /// </summary>
    public Stability Stable(ReplicaView view, StepPlan plan)
    {
        if (!_isWhole) return Stability.OneStep;
        return _prompts.Count == 0 ? Stability.UntilArrival : Stability.UntilDeparture;
    }

    /// <summary>Whoever takes part goes to the tail; whoever is left out keeps its place before them.</summary>
    private void ScheduleGeneration(IKvMemory memory, StepPlan plan, ref StepBudget budget)
    {
        _left.Clear();
        int taken = 0;
        for (int i = 0; i < _generating.Count; i++)
        {
            Sequence sequence = _generating[i];
            bool takesPart = !sequence.InFlight && plan.Items.Length < maxSequences && budget.Left > 0
                && memory.TryGrow(sequence, sequence.ComputedTokens + 1);
            if (!takesPart)
            {
                _left.Add(sequence);
                continue;
            }
            plan.Add(sequence, 1);
            budget.Take(1);
            _generating[taken++] = sequence;
        }
        if (_left.Count == 0) return;
        _generating.RemoveRange(taken, _generating.Count - taken);
        _generating.InsertRange(0, _left);
    }

    private void SchedulePrompts(IKvMemory memory, StepPlan plan, ref StepBudget budget)
    {
        LinkedListNode<Sequence>? node = _prompts.First;
        while (node is not null && plan.Items.Length < maxSequences)
        {
            LinkedListNode<Sequence> current = node;
            Sequence sequence = current.Value;
            node = current.Next;
            if (sequence.InFlight) continue;
            bool isTracked = _partial.Contains(sequence);
            if (!isTracked && RunningCount >= maxTracked) return;
            int computed = sequence.ComputedTokens + (isTracked ? 0 : memory.CachedTokens(sequence));
            int tokens = budget.Slice(sequence.TotalTokens - computed);
            if (tokens == 0 || memory.BlocksFor(sequence.TotalTokens) - sequence.KvBlocks > memory.FreeBlocks) return;
            if (!memory.TryGrow(sequence, computed + tokens)) return;
            plan.Add(sequence, tokens);
            budget.Take(tokens);
            _prompts.Remove(current);
            if (tokens == sequence.MissingTokens)
            {
                _partial.Remove(sequence);
                _generating.Add(sequence);
            }
            else
            {
                _partial.Add(sequence);
                _prompts.AddFirst(current);
            }
        }
    }

    /// <summary>Flushes the last request that holds memory; the replica then decides again at once.</summary>
    private void BreakDeadlock(StepPlan plan)
    {
        if (plan.TryReclaimPaused()) return;
        Sequence? victim = _generating.Count > 0 ? _generating[^1] : LastPartial();
        if (victim is null) return;
        Remove(victim);
        plan.Preempt(victim);
        _prompts.AddLast(victim);
    }

    private Sequence? LastPartial()
    {
        for (LinkedListNode<Sequence>? node = _prompts.Last; node is not null; node = node.Previous)
            if (_partial.Contains(node.Value)) return node.Value;
        return null;
    }
}
