using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Scheduling;

/// <summary>
/// What engines with chunked prompts share: decodes are counted first, and slices of prompts fill what they leave. The blocks of a whole
/// prompt are taken at its admission, so that a partial prompt never runs out of memory.
/// </summary>
/// <param name="batch">Queue and running list.</param>
/// <param name="limits">Sequences and watermark; the tokens are given by <paramref name="sizes"/>.</param>
/// <param name="sizes">How far a slice may fill the step.</param>
public sealed class PromptSlices(ContinuousBatch batch, AdmissionLimits limits, ChunkSizes sizes)
{
    /// <summary>True when a running sequence has more prompt to compute.</summary>
    public bool AnyPartial
    {
        get
        {
            for (int i = batch.Running.Count - 1; i >= 0; i--)
                if (!batch.Running[i].IsDecoding) return true;
            return false;
        }
    }

    /// <summary>Running sequences with unfinished prompts, in their order.</summary>
    public void Continue(IKvMemory memory, StepPlan plan, ref StepBudget budget)
    {
        for (int i = 0; i < batch.Running.Count; i++)
        {
            Sequence sequence = batch.Running[i];
            if (sequence.InFlight || sequence.IsDecoding) continue;
            int tokens = budget.Slice(sequence.MissingTokens, sizes.After(sequence.ComputedTokens));
            if (tokens == 0) continue;
            // The room is there since the admission; this tells a prefix cache what the step fills.
            memory.TryGrow(sequence, sequence.ComputedTokens + tokens);
            plan.Add(sequence, tokens);
            budget.Take(tokens);
        }
    }

    /// <summary>New sequences in order of the queue; its head blocks.</summary>
    public void Admit(IKvMemory memory, StepPlan plan, ref StepBudget budget)
    {
        while (batch.Waiting.Count > 0 && batch.Running.Count < limits.Sequences)
        {
            Sequence head = batch.Waiting.Peek();
            int computed = head.ComputedTokens + memory.CachedTokens(head);
            int tokens = budget.Slice(head.TotalTokens - computed, sizes.After(computed));
            if (tokens == 0 || !batch.FitsAboveWatermark(head, head.TotalTokens, memory, limits)) return;
            if (!memory.TryGrow(head, computed + tokens, head.TotalTokens)) return;
            batch.Admit(head, tokens, plan);
            budget.Take(tokens);
        }
    }
}
