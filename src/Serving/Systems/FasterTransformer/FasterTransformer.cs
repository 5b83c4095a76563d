using Orrery.Serving.Execution;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.FasterTransformer;

/// <summary>
/// Request-level batching as in FasterTransformer: a batch is formed only when nothing runs, each member with memory for the model's
/// longest sequence; all prompts are computed together, then all decode. Who finishes leaves at once, but nobody joins.
/// </summary>
/// <remarks>
/// Source: the re-implementation in Sarathi-Serve's repository (Agrawal et al., OSDI 2024, b). When the KV memory holds less than the
/// model's limit, one sequence reserves all of it.
/// </remarks>
public sealed class FasterTransformer(int maxBatchSize) : IScheduler
{
    private readonly ContinuousBatch _batch = new();

    public int WaitingCount => _batch.Waiting.Count;

    public int RunningCount => _batch.Running.Count;

    public void Enqueue(Sequence sequence) => _batch.Waiting.Add(sequence);

    public void Resume(Sequence sequence, bool first) => _batch.Waiting.AddAgain(sequence, first);

    public void Remove(Sequence sequence) => _batch.Remove(sequence);

    public void Plan(ReplicaView view, StepPlan plan)
    {
        if (_batch.Running.Count == 0) FormBatch(view, plan);
        else _batch.Running.Decode(view.Memory, plan);
    }

    /// <summary>Whoever waits does so until the whole batch has left.</summary>
    public Stability Stable(ReplicaView view, StepPlan plan) => Stability.UntilDeparture;

    private void FormBatch(ReplicaView view, StepPlan plan)
    {
        AdmissionLimits limits = new(int.MaxValue, maxBatchSize);
        while (_batch.Waiting.Count > 0 && _batch.Running.Count < maxBatchSize)
        {
            Sequence head = _batch.Waiting.Peek();
            if (!_batch.FitsAboveWatermark(head, view.MaxModelTokens, view.Memory, limits)) return;
            if (!view.Memory.TryGrow(head, head.TotalTokens, view.MaxModelTokens)) return;
            _batch.Admit(head, head.MissingTokens, plan);
        }
    }
}
