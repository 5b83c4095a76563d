using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.VllmV0;

/// <summary>
/// vLLM v0's scheduler without chunked prefill (Kwon et al., SOSP 2023): prompts first. When the head of the queue fits, the step is a
/// prefill of whole prompts and every decode stalls; else all running sequences decode, and whoever finds no block evicts the last.
/// </summary>
/// <remarks>
/// Preemption is by recompute, to the front of the queue. The engine swaps only groups of several sequences per request, which do not
/// occur here. The watermark holds for admissions alone. A preempted sequence that has outgrown watermark or prompt budget is admitted
/// once it is alone, where the engine would drop it.
/// </remarks>
public sealed class VllmV0(AdmissionLimits limits, double delayFactor) : IScheduler
{
    private readonly ContinuousBatch _batch = new();
    private Instant _lastPlan;
    private bool _lastWasPrompt;
    private bool _lastBroughtBack;
    private Duration _lastPromptLatency;

    public int WaitingCount => _batch.Waiting.Count;

    public int RunningCount => _batch.Running.Count;

    public string? Refuses(Sequence sequence, IKvMemory memory) => WholePrompts.Refuse(sequence, memory, limits);

    public void Enqueue(Sequence sequence) => _batch.Waiting.Add(sequence);

    public void Resume(Sequence sequence, bool first) => _batch.Waiting.AddAgain(sequence, first);

    public void Remove(Sequence sequence) => _batch.Remove(sequence);

    public void Plan(ReplicaView view, StepPlan plan)
    {
        _lastWasPrompt = MayPrefill(view.Now) && _batch.AdmitWholePrompts(view.Memory, plan, limits);
        if (_lastWasPrompt) return;
        _batch.Running.Decode(view.Memory, plan);
        _lastBroughtBack = plan.PreemptedCount == 0 && _batch.AdmitFromHost(view.Memory, plan, limits);
    }

    /// <summary>
    /// Decodes repeat while the queue is empty or its head blocked; a prompt that is only held back is looked at every step. A prompt step
    /// can look like decodes, when a cache still holds all but one token of a preempted sequence.
    /// </summary>
    public Stability Stable(ReplicaView view, StepPlan plan) =>
        _lastWasPrompt || _lastBroughtBack || (delayFactor > 0 && _batch.Waiting.Count > 0) ? Stability.OneStep : _batch.StableWhileBlocked(overtakes: false);

    /// <summary>The delay factor: lets the queue fill up for a while, measured in latencies of the last prompt step.</summary>
    private bool MayPrefill(Instant now)
    {
        if (delayFactor == 0) return true;
        if (_lastWasPrompt) _lastPromptLatency = now - _lastPlan;
        _lastPlan = now;
        if (_batch.Waiting.Count == 0 || _batch.Running.Count == 0) return true;
        return (now - _batch.Waiting.Peek().Arrival).Seconds > delayFactor * _lastPromptLatency.Seconds;
    }
}
