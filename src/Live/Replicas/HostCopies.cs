using Orrery.Engine.Attention;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;
using Orrery.Serving.Swap;

namespace Orrery.Live.Replicas;

/// <summary>
/// Copies of KV pages in ordinary memory. On a CPU both sides are the same memory, so a copy is done when it is asked for; what it saves is
/// the computing.
/// </summary>
/// <remarks>Copies are whole pages: the last page of a copy is written again when more of it is asked for. Buffers are kept and reused.</remarks>
internal sealed class HostCopies(KvStore store, KvPages blocks) : IKvCopies
{
    private readonly Dictionary<Sequence, List<byte[]>> _copies = [];
    private readonly Stack<byte[]> _spare = [];

    /// <summary>Pages that hold a copy now.</summary>
    public int Pages { get; private set; }

    public void Out(Sequence sequence, int fromToken, int toToken)
    {
        if (!_copies.TryGetValue(sequence, out List<byte[]>? copy)) _copies.Add(sequence, copy = []);
        int end = KvPool.PagesFor(toToken);
        for (int page = fromToken / KvStore.PageTokens; page < end; page++)
        {
            if (page == copy.Count)
            {
                copy.Add(_spare.TryPop(out byte[]? buffer) ? buffer : new byte[store.PageBytes]);
                Pages++;
            }
            store.SwapOut(blocks.Of(sequence)[page], copy[page]);
        }
    }

    public void In(Sequence sequence)
    {
        List<byte[]> copy = _copies[sequence];
        int pages = KvPool.PagesFor(sequence.ComputedTokens);
        for (int page = 0; page < pages; page++) store.SwapIn(copy[page], blocks.Of(sequence)[page]);
    }

    public void Drop(Sequence sequence)
    {
        if (!_copies.TryGetValue(sequence, out List<byte[]>? copy)) return;
        int kept = KvPool.PagesFor(sequence.HostTokens);
        for (int page = kept; page < copy.Count; page++) _spare.Push(copy[page]);
        Pages -= Math.Max(0, copy.Count - kept);
        if (kept < copy.Count) copy.RemoveRange(kept, copy.Count - kept);
        if (copy.Count == 0) _copies.Remove(sequence);
    }
}
