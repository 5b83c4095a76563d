using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.Lamps;

/// <summary>
/// LAMPS: waiting and swapped-out requests by their predicted memory over time, tool calls under their handling included; running ones
/// stay first come first served. One token budget per step: decodes, unfinished prompts, then newcomers in order of rank, passing over
/// those that do not fit.
/// </summary>
/// <remarks>
/// Source: Shahout et al., NeurIPS 2025 (as MARS), arXiv 2410.18248, and its code (b). Blocks of a whole prompt are taken at its
/// admission, as vLLM v0's block manager does. Whoever has waited for a threshold of iterations goes before all others for a quantum.
/// Without forecasts of calls a request counts with its predicted output, or its limit. By arrival the first that does not fit blocks
/// those behind it, all but those that hold memory already: they could otherwise keep it from whom they wait for.
/// </remarks>
public sealed class Lamps : IScheduler
{
    private readonly LampsOptions _options;
    private readonly AdmissionLimits _limits;
    private readonly MemoryRank _rank;
    private readonly RunningList _running;
    private readonly List<LampsMember> _waiting = [];
    private readonly Dictionary<Sequence, LampsMember> _members = [];
    private long _iteration;
    private bool _lastAdmitted;
    private bool _isSorted = true;

    public Lamps(LampsOptions options, MemoryRank rank)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _rank = rank;
        _limits = new(options.TokenBudget, options.MaxSequences, options.Watermark);
        _running = new(SequenceOrder.ByArrival, sequence => Wait(_members[sequence]));
    }

    public int WaitingCount => _waiting.Count;

    public int RunningCount => _running.Count;

    public string? Refuses(Sequence sequence, IKvMemory memory) => WholePrompts.RefuseForMemory(sequence, memory, _limits);

    public void Enqueue(Sequence sequence)
    {
        LampsMember member = new(sequence);
        _members.Add(sequence, member);
        Wait(member);
    }

    public void Remove(Sequence sequence)
    {
        if (_members.Remove(sequence, out LampsMember? member) && !_running.Remove(sequence)) _waiting.Remove(member);
    }

    public void Pause(Sequence sequence) => _running.Remove(sequence);

    public void Resume(Sequence sequence, bool first) => Wait(_members[sequence]);

    public void Plan(ReplicaView view, StepPlan plan)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(plan);
        plan.ReadsLater = true;
        StepBudget budget = new(_options.TokenBudget);
        budget.Take(_options.TokenBudget - _running.Decode(view.Memory, plan, _options.TokenBudget));
        Continue(plan, ref budget);
        int before = plan.Tokens;
        if (plan.PreemptedCount == 0 && _waiting.Count > 0) Admit(view, plan, ref budget);
        _lastAdmitted = plan.Tokens > before;
    }

    /// <summary>
    /// Nobody enters before somebody leaves: budget and free blocks only shrink. Ranks that are taken anew in between would see the same
    /// running set, so a run ends with their period.
    /// </summary>
    public Stability Stable(ReplicaView view, StepPlan plan)
    {
        // An admission can look like a decode: of a sequence that comes back with all but one token.
        if (_lastAdmitted) return Stability.OneStep;
        if (_waiting.Count == 0) return Stability.UntilArrival;
        if (view.Memory.SharesContent) return Stability.OneStep;
        // The first misfit blocks the others, and whoever starves may become the first at any step.
        if (_options is { Rank: RankForm.Arrival, StarvationThreshold: not null }) return Stability.OneStep;
        return new((int)(_options.RescoreEvery - (_iteration % _options.RescoreEvery)), ArrivalsMatter: true);
    }

    public void Advance(StepPlan plan, int steps) => _iteration += steps;

    private void Wait(LampsMember member)
    {
        member.Waits(_iteration, _options);
        _waiting.Add(member);
        _isSorted = false;
    }

    private void Continue(StepPlan plan, ref StepBudget budget)
    {
        for (int i = 0; i < _running.Count && budget.Left > 0; i++)
        {
            Sequence sequence = _running[i];
            if (sequence.InFlight || sequence.IsDecoding) continue;
            int tokens = budget.Slice(sequence.MissingTokens);
            plan.Add(sequence, tokens);
            budget.Take(tokens);
        }
    }

    private void Admit(ReplicaView view, StepPlan plan, ref StepBudget budget)
    {
        Sort(view);
        IKvMemory memory = view.Memory;
        bool isBlocked = false;
        for (int i = 0; i < _waiting.Count && budget.Left > 0 && _running.Count < _limits.Sequences; i++)
        {
            LampsMember member = _waiting[i];
            Sequence sequence = member.Sequence;
            if (isBlocked && sequence.KvBlocks == 0) continue;
            if (!Fits(sequence, memory))
            {
                isBlocked = _options.Rank == RankForm.Arrival;
                continue;
            }
            int computed = sequence.ComputedTokens + memory.CachedTokens(sequence);
            int tokens = budget.Slice(sequence.TotalTokens - computed);
            if (!memory.TryGrow(sequence, computed + tokens, sequence.TotalTokens)) continue;
            member.Enters(_iteration, _options.StarvationQuantum);
            _waiting.RemoveAt(i--);
            _running.Add(sequence);
            plan.Add(sequence, tokens);
            budget.Take(tokens);
        }
    }

    private bool Fits(Sequence sequence, IKvMemory memory)
    {
        int watermark = _limits.WatermarkBlocks(memory, sequence, isAlone: _running.Count == 0);
        return memory.FreeBlocks - memory.BlocksFor(sequence.TotalTokens) + sequence.KvBlocks >= watermark;
    }

    private void Sort(ReplicaView view)
    {
        long period = _iteration / _options.RescoreEvery;
        foreach (LampsMember member in _waiting)
        {
            if (member.Look(_iteration, _options.StarvationQuantum)) _isSorted = false;
            if (member.ScoredIn == period) continue;
            member.Score = _rank.Of(member.Sequence, view, _running.Count);
            member.ScoredIn = period;
            _isSorted = false;
        }
        if (_isSorted) return;
        _waiting.Sort(LampsMember.ByUrgency);
        _isSorted = true;
    }
}
