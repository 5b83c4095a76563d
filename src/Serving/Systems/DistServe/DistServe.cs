using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.DistServe;

/// <summary>
/// DistServe's instances (Zhong et al., OSDI 2024; engine, b). Prefill: whole prompts first come first served, as many from the head as
/// prompts, tokens and blocks allow; memory of finished prompts that nobody has fetched counts as taken, which holds new ones back. Decode:
/// first come first served; when blocks run out the last of the batch goes to the host and returns before those that wait.
/// </summary>
/// <remarks>
/// On a replica of one phase only that phase occurs. On a mixed one prompts go first (d). Without a host pool, or when it is full, the last
/// is computed again (d): the engine would stop. Batches of pipeline stages stay apart, because a sequence in flight is left alone.
/// </remarks>
public sealed class DistServe(int maxPrompts, int maxPromptTokens, int maxDecodes) : IScheduler
{
    private readonly ContinuousBatch _batch = new();
    private readonly AdmissionLimits _limits = new(maxPromptTokens, int.MaxValue);
    private bool _changed;

    public int WaitingCount => _batch.Waiting.Count;

    public int RunningCount => _batch.Running.Count;

    public string? Refuses(Sequence sequence, IKvMemory memory) => WholePrompts.Refuse(sequence, memory, _limits);

    public void Enqueue(Sequence sequence) => _batch.Waiting.Add(sequence);

    public void Resume(Sequence sequence, bool first) => _batch.Waiting.AddAgain(sequence, first);

    public void Remove(Sequence sequence) => _batch.Remove(sequence);

    public void Plan(ReplicaView view, StepPlan plan)
    {
        _changed = AdmitPrompts(view.Memory, plan);
        if (_changed) return;
        Decode(view.Memory, plan);
        _changed = plan.PreemptedCount > 0 || AdmitDecodes(view.Memory, plan);
    }

    /// <summary>Nobody behind a blocked head goes first, and free blocks shrink until somebody leaves.</summary>
    public Stability Stable(ReplicaView view, StepPlan plan) =>
        _changed || plan.Items.Length < _batch.Running.Count ? Stability.OneStep : _batch.StableWhileBlocked(overtakes: false);

    private void Decode(IKvMemory memory, StepPlan plan)
    {
        RunningList running = _batch.Running;
        for (int i = 0; i < running.Count && plan.Items.Length < maxDecodes; i++)
        {
            Sequence sequence = running[i];
            if (sequence.InFlight || !sequence.IsDecoding) continue;
            while (!memory.TryGrow(sequence, sequence.ComputedTokens + 1))
            {
                // The last of the batch goes before those that wait with their KV; alone it is they who give way.
                bool isAlone = running.Count == 1;
                if (isAlone && plan.TryReclaimPaused()) continue;
                if (running.Last() is not { } last || (ReferenceEquals(last, sequence) && !ReferenceEquals(running[running.Count - 1], sequence))) return;
                running.Preempt(last, plan);
                if (ReferenceEquals(last, sequence)) return;
            }
            plan.Add(sequence, 1);
        }
    }

    private bool AdmitPrompts(IKvMemory memory, StepPlan plan)
    {
        int prompts = 0;
        int batched = 0;
        while (prompts < maxPrompts && _batch.Waiting.Count > 0)
        {
            Sequence head = _batch.Waiting.Peek();
            if (Decodes(head)) break;
            int tokens = head.MissingTokens - memory.CachedTokens(head);
            // Alone it may exceed the limit: one that is computed again has outgrown it.
            if (prompts > 0 && batched + tokens > maxPromptTokens) break;
            if (!_batch.FitsAboveWatermark(head, head.TotalTokens, memory, _limits) || !memory.TryGrow(head, head.TotalTokens)) break;
            batched += head.MissingTokens;
            prompts++;
            _batch.Admit(head, head.MissingTokens, plan);
        }
        return prompts > 0;
    }

    /// <summary>Those whose prompt was read elsewhere, and those that come back from the host.</summary>
    private bool AdmitDecodes(IKvMemory memory, StepPlan plan)
    {
        bool any = false;
        while (_batch.Waiting.Count > 0 && plan.Items.Length < maxDecodes)
        {
            Sequence head = _batch.Waiting.Peek();
            if (!Decodes(head)) break;
            if (!_batch.FitsAboveWatermark(head, head.TotalTokens, memory, _limits) || !memory.TryGrow(head, head.TotalTokens)) break;
            _batch.Admit(head, head.MissingTokens, plan);
            any = true;
        }
        return any;
    }

    private static bool Decodes(Sequence sequence) => sequence.IsOnHost || (sequence.IsDecoding && sequence.KvBlocks > 0);
}
