using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.Priority;

/// <summary>
/// Priority preemption as in vLLM v0: before the normal prompts-first step, a waiting request of higher priority that does not fit
/// evicts running ones of lower priority, the least urgent first, by recompute.
/// </summary>
/// <remarks>
/// Source: vLLM v0 (from memory). Lower values are more urgent; equal values never evict each other. Low priorities may starve: that is
/// the policy's promise, not a defect. Like the engine it may evict in vain when even all of them do not make enough room.
/// </remarks>
public sealed class PriorityPreemption(AdmissionLimits limits) : IScheduler
{
    private readonly ContinuousBatch _batch = new(byPriority: true);
    private bool _lastWasPrompt;
    private bool _lastBroughtBack;

    public int WaitingCount => _batch.Waiting.Count;

    public int RunningCount => _batch.Running.Count;

    public string? Refuses(Sequence sequence, IKvMemory memory) => WholePrompts.Refuse(sequence, memory, limits);

    public void Enqueue(Sequence sequence) => _batch.Waiting.Add(sequence);

    public void Resume(Sequence sequence, bool first) => _batch.Waiting.AddAgain(sequence, first);

    public void Remove(Sequence sequence) => _batch.Remove(sequence);

    public void Plan(ReplicaView view, StepPlan plan)
    {
        EvictForTheHead(view.Memory, plan);
        _lastWasPrompt = _batch.AdmitWholePrompts(view.Memory, plan, limits);
        if (_lastWasPrompt) return;
        _batch.Running.Decode(view.Memory, plan);
        _lastBroughtBack = plan.PreemptedCount == 0 && _batch.AdmitFromHost(view.Memory, plan, limits);
    }

    /// <summary>As long as no prompt enters. A prompt step can look like decodes, when a cache holds all but one token of a preempted sequence.</summary>
    public Stability Stable(ReplicaView view, StepPlan plan) =>
        _lastWasPrompt || _lastBroughtBack ? Stability.OneStep : _batch.StableWhileBlocked(overtakes: true);

    private void EvictForTheHead(IKvMemory memory, StepPlan plan)
    {
        if (_batch.Waiting.Count == 0) return;
        Sequence head = _batch.Waiting.Peek();
        while (_batch.Running.Last() is { } last && last.Priority > head.Priority && !Fits(head, memory)) _batch.Running.Preempt(last, plan);
    }

    private bool Fits(Sequence head, IKvMemory memory) =>
        _batch.Running.Count < limits.Sequences && _batch.FitsAboveWatermark(head, head.TotalTokens, memory, limits);
}
