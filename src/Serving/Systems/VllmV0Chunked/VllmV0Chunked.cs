using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.VllmV0Chunked;

/// <summary>
/// vLLM v0's scheduler with chunked prefill: one token budget per step, first to the running decodes, then to running partial prefills,
/// then to the queue. Decodes never wait for a prompt; a prompt takes what they leave.
/// </summary>
/// <remarks>
/// Source: vLLM 0.4 to 0.6 (from memory). The blocks of a whole prompt are taken at its admission, as v0's block manager does, so a
/// partial prefill never runs out of memory. Preemption as in v0; a step that preempted admits nobody.
/// </remarks>
public sealed class VllmV0Chunked : IScheduler
{
    private readonly AdmissionLimits _limits;
    private readonly ContinuousBatch _batch = new();
    private readonly PromptSlices _slices;
    private bool _lastAdmitted;

    public VllmV0Chunked(AdmissionLimits limits)
    {
        _limits = limits;
        _slices = new(_batch, limits, ChunkSizes.Constant(limits.BatchedTokens));
    }

    public int WaitingCount => _batch.Waiting.Count;

    public int RunningCount => _batch.Running.Count;

    public string? Refuses(Sequence sequence, IKvMemory memory) => WholePrompts.RefuseForMemory(sequence, memory, _limits);

    public void Enqueue(Sequence sequence) => _batch.Waiting.Add(sequence);

    public void Resume(Sequence sequence, bool first) => _batch.Waiting.AddAgain(sequence, first);

    public void Remove(Sequence sequence) => _batch.Remove(sequence);

    public void Plan(ReplicaView view, StepPlan plan)
    {
        plan.ReadsLater = true;
        StepBudget budget = new(_limits.BatchedTokens);
        int left = _batch.Running.Decode(view.Memory, plan, budget.Left);
        budget.Take(budget.Left - left);
        _slices.Continue(view.Memory, plan, ref budget);
        int before = plan.Tokens;
        if (plan.PreemptedCount == 0) _slices.Admit(view.Memory, plan, ref budget);
        _lastAdmitted = plan.Tokens > before;
    }

    /// <summary>An admission can look like a decode: of a sequence that comes back with all but one token.</summary>
    public Stability Stable(ReplicaView view, StepPlan plan) => _lastAdmitted ? Stability.OneStep : _batch.StableWhileBlocked(overtakes: false);
}
