using Orrery.Kernel;
using Orrery.Kernel.Units;
using Orrery.Live.Designs;
using Orrery.Live.Settings;

namespace Orrery.Live.Replicas;

/// <summary>How many KV blocks a model gets.</summary>
internal static class KvBudget
{
    /// <summary>Sequences of the longest length for which there is room unless the settings say otherwise (our choice, d).</summary>
    public const int UsualSequences = 8;

    /// <summary>At most one part in so many of the machine's memory unless the settings say otherwise: weights and other models want the rest (our choice, d).</summary>
    public const int UsualShare = 4;

    /// <param name="settings">Of the model.</param>
    /// <param name="blockBytes">Of a block.</param>
    /// <param name="contextTokens">Longest sequence.</param>
    /// <param name="machine">The machine's memory.</param>
    /// <returns>Blocks, at least one.</returns>
    /// <exception cref="InputException">Not even one block fits.</exception>
    public static int Blocks(ModelSettings settings, long blockBytes, int contextTokens, Bytes machine)
    {
        long usual = (long)UsualSequences * ((contextTokens + LiveDesign.BlockTokens - 1) / LiveDesign.BlockTokens);
        long budget = settings.KvMemory?.Count ?? machine.Count / UsualShare;
        long blocks = settings.KvMemory is null ? Math.Min(usual, budget / blockBytes) : budget / blockBytes;
        if (blocks >= 1) return (int)Math.Min(blocks, int.MaxValue);
        throw new InputException($"kvMemory: {new Bytes(budget)} hold not even one block of {LiveDesign.BlockTokens} tokens, which takes {new Bytes(blockBytes)}; write at least that");
    }
}
