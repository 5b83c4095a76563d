using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.SarathiServe;

/// <summary>
/// Sarathi-Serve (Agrawal et al., OSDI 2024, arXiv 2403.02310): every step has one token budget τ, small enough that the step fits
/// between two tokens of a user. All running decodes come first, one token each and never held back; slices ("chunks") of prompts take
/// what they leave, so a new prompt enters without stalling anybody.
/// </summary>
/// <remarks>
/// A slice takes c = min(P − p, τ − n): P the prompt (of a preempted sequence: prompt and output so far), p what is processed of it,
/// n the tokens already in the step. Partial prompts go before new ones. The queue is strictly first come first served; an admission
/// takes the KV blocks of the whole prompt and must leave the watermark. Whoever finds no block for a decode preempts the newest running
/// sequence by recompute, to the front of the queue. With pipeline stages each step holds those who are in no other. Choose τ as the
/// largest budget whose step, with a full batch of decodes, stays within the goal for the gap between tokens.
/// </remarks>
public sealed class SarathiServe : IScheduler
{
    private readonly AdmissionLimits _limits;
    private readonly bool _takesTurns;
    private readonly ContinuousBatch _batch = new();
    private readonly PromptSlices _slices;
    private bool _isDecodeTurn;
    private bool _triedPrompts;
    private bool _hasPrompts;

    /// <param name="limits">The largest budget, sequences and watermark.</param>
    /// <param name="sizes">The budget that a slice may fill.</param>
    /// <param name="takesTurns">True for the ablation without hybrid batches: prompts and decodes alternate.</param>
    public SarathiServe(AdmissionLimits limits, ChunkSizes sizes, bool takesTurns)
    {
        _limits = limits;
        _takesTurns = takesTurns;
        _slices = new(_batch, limits, sizes);
    }

    public int WaitingCount => _batch.Waiting.Count;

    public int RunningCount => _batch.Running.Count;

    public string? Refuses(Sequence sequence, IKvMemory memory) => WholePrompts.RefuseForMemory(sequence, memory, _limits);

    public void Enqueue(Sequence sequence) => _batch.Waiting.Add(sequence);

    public void Resume(Sequence sequence, bool first) => _batch.Waiting.AddAgain(sequence, first);

    public void Remove(Sequence sequence) => _batch.Remove(sequence);

    public void Plan(ReplicaView view, StepPlan plan)
    {
        if (_takesTurns)
        {
            TakeTurn(view.Memory, plan);
            return;
        }
        _batch.Running.Decode(view.Memory, plan);
        Slice(view.Memory, plan);
    }

    /// <summary>
    /// Decodes repeat while the queue is empty or its head blocked by budget, places or memory, which only a departure frees. When turns
    /// are taken, prompts must have been tried in vain first. A slice can look like a decode, when a cache holds all but one token.
    /// </summary>
    public Stability Stable(ReplicaView view, StepPlan plan) =>
        _hasPrompts || (!_triedPrompts && (_batch.Waiting.Count > 0 || _slices.AnyPartial))
            ? Stability.OneStep
            : _batch.StableWhileBlocked(overtakes: false);

    private void Slice(IKvMemory memory, StepPlan plan)
    {
        int before = plan.Tokens;
        StepBudget budget = new(_limits.BatchedTokens);
        budget.Take(before);
        _slices.Continue(memory, plan, ref budget);
        _slices.Admit(memory, plan, ref budget);
        _triedPrompts = true;
        _hasPrompts = plan.Tokens > before;
    }

    /// <summary>One kind of work per step; whoever has nothing to do passes the turn on.</summary>
    private void TakeTurn(IKvMemory memory, StepPlan plan)
    {
        _triedPrompts = false;
        _hasPrompts = false;
        if (!_isDecodeTurn) Slice(memory, plan);
        if (plan.IsEmpty) _batch.Running.Decode(memory, plan);
        if (plan.IsEmpty && !_triedPrompts) Slice(memory, plan);
        if (!plan.IsEmpty) _isDecodeTurn = _hasPrompts;
    }
}
