using System.Numerics;
using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.Orca;

/// <summary>
/// Iteration-level scheduling (Yu et al., OSDI 2022): every step holds all running sequences and whole new prompts in order of arrival,
/// while the batch has a place and the KV slots that a request reserves are free. Selective batching is the cost model's matter.
/// </summary>
/// <remarks>
/// Nobody is overtaken, there is no watermark, and with a sufficient reservation nobody is preempted. When a prediction was too short
/// (our rule, d) the sequence grows block by block; without a free block the last to come is preempted by recompute, goes back to the
/// front and reserves anew.
/// </remarks>
public sealed class Orca(Reservation reservation, int maxBatchSize, int maxBatchedTokens) : IScheduler
{
    private readonly ContinuousBatch _batch = new();
    private readonly AdmissionLimits _limits = new(maxBatchedTokens, maxBatchSize);
    private bool _lastAdmitted;

    public int WaitingCount => _batch.Waiting.Count;

    public int RunningCount => _batch.Running.Count;

    public string? Refuses(Sequence sequence, IKvMemory memory)
    {
        bool predicts = reservation is Reservation.Oracle or Reservation.Pow2 or Reservation.Predicted;
        if (predicts && sequence.PredictedOutputTokens <= 0) return "this reservation needs predicted output lengths, and no predictor is set";
        return null;
    }

    public void Enqueue(Sequence sequence) => _batch.Waiting.Add(sequence);

    public void Resume(Sequence sequence, bool first) => _batch.Waiting.AddAgain(sequence, first);

    public void Remove(Sequence sequence) => _batch.Remove(sequence);

    public void Plan(ReplicaView view, StepPlan plan)
    {
        _batch.Running.Decode(view.Memory, plan);
        _lastAdmitted = plan.PreemptedCount == 0 && AdmitPrompts(view, plan);
    }

    /// <summary>
    /// As long as no prompt enters. An admission can look like a decode, when a cache still holds all but one token of a preempted sequence;
    /// the prompt budget that it took from the next in the queue is back at the next step.
    /// </summary>
    public Stability Stable(ReplicaView view, StepPlan plan) =>
        _lastAdmitted ? Stability.OneStep : _batch.StableWhileBlocked(overtakes: false);

    private bool AdmitPrompts(ReplicaView view, StepPlan plan)
    {
        int batched = 0;
        while (_batch.Waiting.Count > 0 && _batch.Running.Count < maxBatchSize)
        {
            Sequence head = _batch.Waiting.Peek();
            int room = ReservedTokens(head, view.MaxModelTokens);
            if (batched > 0 && batched + head.MissingTokens - view.Memory.CachedTokens(head) > maxBatchedTokens) break;
            if (!_batch.FitsAboveWatermark(head, room, view.Memory, _limits)) break;
            if (!view.Memory.TryGrow(head, head.TotalTokens, room)) break;
            batched += head.MissingTokens;
            _batch.Admit(head, head.MissingTokens, plan);
        }
        return batched > 0;
    }

    /// <summary>Slots for prompt and output, n_rsrv of the paper: never more than the sequence may use, never less than its next step needs.</summary>
    private int ReservedTokens(Sequence sequence, int maxModelTokens)
    {
        if (reservation == Reservation.Max) return maxModelTokens;
        int output = reservation switch
        {
            Reservation.MaxTokens => sequence.MaxTokens,
            Reservation.Pow2 => (int)Math.Min(int.MaxValue, BitOperations.RoundUpToPowerOf2((ulong)sequence.PredictedOutputTokens)),
            _ => sequence.PredictedOutputTokens,
        };
        return Math.Max(sequence.TotalTokens, sequence.PromptTokens + Math.Min(output, sequence.MaxTokens));
    }
}
