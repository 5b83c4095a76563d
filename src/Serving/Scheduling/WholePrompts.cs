using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Scheduling;

/// <summary>What engines that admit whole prompts refuse on arrival.</summary>
public static class WholePrompts
{
    /// <summary>Why a prompt could never be admitted under the limits, or null.</summary>
    public static string? Refuse(Sequence sequence, IKvMemory memory, AdmissionLimits limits)
    {
        if (sequence.PromptTokens > limits.BatchedTokens) return "the prompt is longer than the engine's limit on prompt tokens per step";
        return RefuseForMemory(sequence, memory, limits);
    }

    /// <inheritdoc cref="Refuse"/>
    public static string? RefuseForMemory(Sequence sequence, IKvMemory memory, AdmissionLimits limits) =>
        memory.BlocksFor(sequence.PromptTokens) > memory.LongestBlocks - limits.WatermarkBlocks(memory)
            ? "the prompt needs more KV memory than an admission may ever take"
            : null;
}
