using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.NanoFlow;

/// <summary>
/// NanoFlow's batches (Zhu et al., OSDI 2025, arXiv 2408.12757): every step has the same B tokens, the size that its pipeline of
/// nano-batches was built for. All decodes come first, slices of prompts fill up to exactly B, and only the last of them is cut. The
/// running set is kept near B/(1 + p/d), so that memory use is steady; a request is admitted when the KV that it and everybody running
/// is expected to need in the end fits.
/// </summary>
/// <remarks>
/// Asynchronous control: the batch of a step is formed while the one before runs. So a request that finished takes part in one more
/// step (its row is computed for nobody), and one that arrives is seen a step later unless nobody runs. Its memory is returned at once
/// here, a step early. Whoever outgrows its expectation and finds no block preempts the newest by recompute. Left out: the KV of
/// finished conversations is not moved to host memory or disks for later turns. The overlap itself is an execution style, which goes
/// with any scheduler.
/// </remarks>
public sealed class NanoFlow : IScheduler
{
    private readonly NanoFlowOptions _options;
    private readonly ContinuousBatch _batch = new();
    private readonly PromptSlices _slices;
    private readonly BatchBalance _balance;
    private readonly Queue<Sequence> _unseen = new();
    private readonly Dictionary<Sequence, int> _expectedBlocks = [];
    private long _expectedSum;
    private int _lateRows;
    private long _lateContext;
    private bool _isPlain;

    public NanoFlow(NanoFlowOptions options)
    {
        _options = options;
        _slices = new(_batch, new(options.BatchTokens, int.MaxValue), ChunkSizes.Constant(options.BatchTokens));
        _balance = new(options);
    }

    public int WaitingCount => _batch.Waiting.Count + _unseen.Count;

    public int RunningCount => _batch.Running.Count;

    public string? Refuses(Sequence sequence, IKvMemory memory) => WholePrompts.RefuseForMemory(sequence, memory, new(_options.BatchTokens, int.MaxValue));

    /// <summary>No new request: the averages have seen its prompt.</summary>
    public void Resume(Sequence sequence, bool first)
    {
        if (first) _batch.Waiting.AddFirst(sequence);
        else _unseen.Enqueue(sequence);
    }

    public void Enqueue(Sequence sequence)
    {
        _balance.Arrived(sequence);
        _unseen.Enqueue(sequence);
    }

    public void Remove(Sequence sequence)
    {
        bool wasRunning = _expectedBlocks.ContainsKey(sequence);
        Forget(sequence);
        _batch.Remove(sequence);
        if (!wasRunning)
        {
            RemoveUnseen(sequence);
            return;
        }
        _balance.Left();
        if (!_options.Asynchronous) return;
        _lateRows++;
        _lateContext += sequence.ComputedTokens + 1L;
    }

    public void Plan(ReplicaView view, StepPlan plan)
    {
        if (!_options.Asynchronous || _batch.Running.Count == 0) SeeArrivals();
        StepBudget budget = new(_options.BatchTokens);
        budget.Take(Math.Min(_lateRows, _options.BatchTokens - 1));
        _batch.Running.Decode(view.Memory, plan, budget.Left);
        int decodes = plan.Tokens;
        budget.Take(decodes);
        DropPreempted(plan);
        _slices.Continue(view.Memory, plan, ref budget);
        if (plan.PreemptedCount == 0) Admit(view.Memory, plan, ref budget);
        _isPlain = plan.Tokens == decodes && _lateRows == 0;
        PadLateRows(plan);
        SeeArrivals();
    }

    /// <summary>Decodes repeat while nobody waits: any step may move the target, and with it the admission of the next.</summary>
    public Stability Stable(ReplicaView view, StepPlan plan) =>
        _isPlain && WaitingCount == 0 ? Stability.UntilArrival : Stability.OneStep;

    public void Advance(StepPlan plan, int steps)
    {
        ArgumentNullException.ThrowIfNull(plan);
        // Delivered by now: a prompt that is through has its first token and decodes.
        _balance.Generated(plan.AcceptedTokens);
        foreach (ref readonly PlanItem item in plan.Items)
        {
            if (item.Sequence.IsDecoding) _balance.Generated(steps);
            // Its client left before the last step ended and did not get that token.
            else if (item.Sequence.MissingTokens == 0) _balance.Generated(steps - 1);
        }
    }

    private void Admit(IKvMemory memory, StepPlan plan, ref StepBudget budget)
    {
        double most = _balance.TargetRequests * (1 + _options.Slack);
        while (_batch.Waiting.Count > 0 && (_batch.Running.Count == 0 || _batch.Running.Count + 1 <= most))
        {
            Sequence head = _batch.Waiting.Peek();
            int computed = head.ComputedTokens + memory.CachedTokens(head);
            int tokens = budget.Slice(head.TotalTokens - computed);
            int expected = memory.BlocksFor(_balance.ExpectedTokens(head));
            // Alone it may expect more than there is: it can only try.
            bool fits = _expectedSum + expected <= memory.TotalBlocks || _batch.Running.Count == 0;
            if (tokens == 0 || !fits || !memory.TryGrow(head, computed + tokens, head.TotalTokens)) return;
            _batch.Admit(head, tokens, plan);
            budget.Take(tokens);
            _expectedBlocks.Add(head, expected);
            _expectedSum += expected;
        }
    }

    private void PadLateRows(StepPlan plan)
    {
        if (_lateRows == 0) return;
        if (!plan.IsEmpty) plan.Pad(Math.Min(_lateRows, _options.BatchTokens - 1), (int)(_lateContext / _lateRows));
        _lateRows = 0;
        _lateContext = 0;
    }

    /// <summary>Growth of decodes may have preempted; those stand at the front of the queue, without memory.</summary>
    private void DropPreempted(StepPlan plan)
    {
        int preempted = plan.PreemptedCount;
        if (preempted == 0) return;
        foreach (Sequence sequence in _batch.Waiting)
        {
            Forget(sequence);
            if (--preempted == 0) return;
        }
    }

    private void Forget(Sequence sequence)
    {
        if (_expectedBlocks.Remove(sequence, out int blocks)) _expectedSum -= blocks;
    }

    private void SeeArrivals()
    {
        while (_unseen.TryDequeue(out Sequence? sequence)) _batch.Waiting.Add(sequence);
    }

    /// <summary>Whoever leaves before it was seen; rare, so the queue is turned once around.</summary>
    private void RemoveUnseen(Sequence sequence)
    {
        for (int left = _unseen.Count; left > 0; left--)
        {
            Sequence next = _unseen.Dequeue();
            if (!ReferenceEquals(next, sequence)) _unseen.Enqueue(next);
        }
    }
}
