using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Scheduling;

/// <summary>What limits the admission of whole prompts.</summary>
/// <param name="BatchedTokens">Most prompt tokens of one step.</param>
/// <param name="Sequences">Most running sequences.</param>
/// <param name="WatermarkShare">Share of all blocks that an admission must leave free; growth of running sequences may use it.</param>
public readonly record struct AdmissionLimits(int BatchedTokens, int Sequences, double WatermarkShare = 0)
{
    /// <summary>Blocks that an admission must leave free.</summary>
    public int WatermarkBlocks(IKvMemory memory) => (int)(WatermarkShare * memory.TotalBlocks);

    /// <summary>
    /// The same for a sequence that enters. One that was served before may have outgrown the watermark: alone it may ignore it, else it
    /// could never come back.
    /// </summary>
    public int WatermarkBlocks(IKvMemory memory, Sequence entering, bool isAlone) =>
        isAlone && !entering.FirstScheduled.IsNever ? 0 : WatermarkBlocks(memory);
}

/// <summary>
/// A queue that its head blocks and a running list, with the moves between them that iteration-level engines share: admission of the
/// head under limits, preemption back to the front.
/// </summary>
public sealed class ContinuousBatch
{
    public ContinuousBatch(bool byPriority = false)
    {
        Waiting = new(byPriority);
        Running = new(byPriority ? SequenceOrder.ByPriority : SequenceOrder.ByArrival, Waiting.AddFirst);
    }

    public WaitingQueue Waiting { get; }

    public RunningList Running { get; }

    public void Remove(Sequence sequence)
    {
        if (!Running.Remove(sequence)) Waiting.Remove(sequence);
    }

    /// <summary>
    /// Whether the head may have memory for so many leading tokens now: its blocks must leave the watermark free. A sequence that was
    /// preempted may ignore the watermark when nobody runs, else one that has outgrown it could never come back.
    /// </summary>
    /// <remarks>Blocks that a prefix cache would supply count as needed, as in vLLM v0's test.</remarks>
    public bool FitsAboveWatermark(Sequence head, int roomTokens, IKvMemory memory, AdmissionLimits limits)
    {
        if (head.KvBlocks == 0 && memory.FreeSlots == 0) return false;
        int watermark = limits.WatermarkBlocks(memory, head, isAlone: Running.Count == 0);
        return memory.FreeBlocks - memory.BlocksFor(roomTokens) + head.KvBlocks >= watermark;
    }

    /// <summary>Moves the head of the queue to the running list and plans its next tokens; its memory must have been taken.</summary>
    public void Admit(Sequence head, int tokens, StepPlan plan)
    {
        Waiting.RemoveFirst();
        Running.Add(head);
        plan.Add(head, tokens);
    }

    /// <summary>
    /// Admits whole prompts (of preempted sequences: prompt and output so far) from the head until a limit stops it, or a head that is
    /// swapped out: that one comes back beside the decodes.
    /// </summary>
    /// <returns>True when anybody was admitted.</returns>
    public bool AdmitWholePrompts(IKvMemory memory, StepPlan plan, AdmissionLimits limits)
    {
        int batched = 0;
        while (Waiting.Count > 0 && Running.Count < limits.Sequences)
        {
            Sequence head = Waiting.Peek();
            if (head.IsOnHost) break;
            int tokens = head.MissingTokens - memory.CachedTokens(head);
            // Alone it may exceed the limit: a fresh prompt was refused on arrival, a preempted sequence has outgrown it.
            if (batched > 0 && batched + tokens > limits.BatchedTokens) break;
            if (!FitsAboveWatermark(head, head.TotalTokens, memory, limits) || !memory.TryGrow(head, head.TotalTokens)) break;
            batched += head.MissingTokens;
            Admit(head, head.MissingTokens, plan);
        }
        return batched > 0;
    }

    /// <summary>Brings swapped-out sequences at the head of the queue back to the running list, beside what is planned already.</summary>
    /// <returns>True when anybody came back: whoever waited behind may enter next.</returns>
    public bool AdmitFromHost(IKvMemory memory, StepPlan plan, AdmissionLimits limits)
    {
        bool any = false;
        int batched = 0;
        while (Waiting.Count > 0 && Running.Count < limits.Sequences && Waiting.Peek() is { IsOnHost: true } head)
        {
            int tokens = head.IsDecoding ? 0 : head.MissingTokens;
            if (batched > 0 && batched + tokens > limits.BatchedTokens) break;
            if (!FitsAboveWatermark(head, head.TotalTokens, memory, limits) || !memory.TryGrow(head, head.TotalTokens)) break;
            batched += tokens;
            Admit(head, head.MissingTokens, plan);
            any = true;
        }
        return any;
    }

    /// <summary>
    /// How long a plan of decodes stays: an admission test that counts free blocks alone cannot pass before somebody leaves, because
    /// free blocks only shrink until then.
    /// </summary>
    /// <param name="overtakes">True when a new arrival may go before a blocked head.</param>
    public Stability StableWhileBlocked(bool overtakes) =>
        Waiting.Count == 0 || overtakes ? Stability.UntilArrival : Stability.UntilDeparture;
}
