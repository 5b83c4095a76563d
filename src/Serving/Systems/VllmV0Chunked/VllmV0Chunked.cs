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
public sealed class VllmV0Chunked(AdmissionLimits limits) : IScheduler
{
    private readonly ContinuousBatch _batch = new();

    public int WaitingCount => _batch.Waiting.Count;

    public int RunningCount => _batch.Running.Count;

    public string? Refuses(Sequence sequence, IKvMemory memory) => WholePrompts.RefuseForMemory(sequence, memory, limits);

    public void Enqueue(Sequence sequence) => _batch.Waiting.Add(sequence);

    public void Remove(Sequence sequence) => _batch.Remove(sequence);

    public void Plan(ReplicaView view, StepPlan plan)
    {
        int budget = _batch.Running.Decode(view.Memory, plan, limits.BatchedTokens);
        budget = ContinuePrefills(plan, budget);
        if (plan.PreemptedCount == 0) AdmitChunks(view.Memory, plan, budget);
    }

    public Stability Stable(ReplicaView view, StepPlan plan) => _batch.StableWhileBlocked(overtakes: false);

    private int ContinuePrefills(StepPlan plan, int budget)
    {
        for (int i = 0; i < _batch.Running.Count && budget > 0; i++)
        {
            Sequence sequence = _batch.Running[i];
            if (sequence.InFlight || sequence.IsDecoding) continue;
            int tokens = Math.Min(sequence.MissingTokens, budget);
            plan.Add(sequence, tokens);
            budget -= tokens;
        }
        return budget;
    }

    private void AdmitChunks(IKvMemory memory, StepPlan plan, int budget)
    {
        while (_batch.Waiting.Count > 0 && budget > 0 && _batch.Running.Count < limits.Sequences)
        {
            Sequence head = _batch.Waiting.Peek();
            int cached = memory.CachedTokens(head);
            int tokens = Math.Min(head.TotalTokens - cached, budget);
            if (!_batch.FitsAboveWatermark(head, head.TotalTokens, memory, limits)) return;
            if (!memory.TryGrow(head, cached + tokens, head.TotalTokens)) return;
            _batch.Admit(head, tokens, plan);
            budget -= tokens;
        }
    }
}
