using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.Vtc;

/// <summary>
/// The memory test: with sequences sorted by remaining output, longest first, need = max_k(remaining_k · k + Σ_{i≤k} current_i) is the
/// most KV that they will hold together, because the k-th is still there with all before it when it ends.
/// </summary>
/// <remarks>
/// Source: VTC artifact (b), which counts single tokens; here every sequence may waste the rest of a block, k · (block − 1) in all. A
/// sequence of P + G tokens whose output is expected to be O tokens has remaining O − G − 1: its last token needs no KV.
/// </remarks>
public sealed class PeakMemory
{
    private int[] _remaining = new int[64];
    private int[] _current = new int[64];

    /// <summary>Tokens by which the running set and one more sequence would miss the test need &lt; KV tokens; negative when they pass.</summary>
    public long Excess(RunningList running, Sequence candidate, IKvMemory memory)
    {
        int count = running.Count + 1;
        if (_remaining.Length < count)
        {
            Array.Resize(ref _remaining, count * 2);
            Array.Resize(ref _current, count * 2);
        }
        for (int i = 0; i < running.Count; i++) Put(i, running[i]);
        Put(count - 1, candidate);
        Array.Sort(_remaining, _current, 0, count);
        long need = 0;
        long held = 0;
        for (int k = 1; k <= count; k++)
        {
            held += _current[count - k] + memory.BlockTokens - 1;
            need = Math.Max(need, (long)_remaining[count - k] * k + held);
        }
        return need - (long)memory.TotalBlocks * memory.BlockTokens;
    }

    private void Put(int index, Sequence sequence)
    {
        int predicted = sequence.PredictedOutputTokens;
        int output = predicted > 0 ? Math.Min(predicted, sequence.MaxTokens) : sequence.MaxTokens;
        _remaining[index] = Math.Max(0, output - sequence.GeneratedTokens - 1);
        _current[index] = sequence.TotalTokens;
    }
}
