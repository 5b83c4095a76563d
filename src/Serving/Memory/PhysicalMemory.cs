using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Memory;

/// <summary>Any memory that shares nothing, with the physical blocks of each sequence beside its counts.</summary>
public sealed class PhysicalMemory : IKvMemory
{
    private readonly IKvMemory _inner;
    private readonly KvPages _pages;

    /// <param name="inner">Decides how many blocks a sequence gets.</param>
    /// <param name="pages">As many as <paramref name="inner"/> has blocks.</param>
    /// <exception cref="ArgumentException">The memory shares content, so it must know the blocks itself; or the numbers differ.</exception>
    public PhysicalMemory(IKvMemory inner, KvPages pages)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(pages);
        if (inner.SharesContent) throw new ArgumentException("a memory that shares content keeps the physical blocks itself", nameof(inner));
        if (inner.TotalBlocks != pages.Total) throw new ArgumentException($"{inner.TotalBlocks} blocks are counted and {pages.Total} exist", nameof(pages));
        _inner = inner;
        _pages = pages;
    }

    public int BlockTokens => _inner.BlockTokens;

    public int TotalBlocks => _inner.TotalBlocks;

    public int FreeBlocks => _inner.FreeBlocks;

    public int UsedBlocks => _inner.UsedBlocks;

    public int FreeSlots => _inner.FreeSlots;

    public bool FollowsWrites => _inner.FollowsWrites;

    public bool HasPlaces => _inner.HasPlaces;

    public int QuietSteps => _inner.QuietSteps;

    public long MappedPages => _inner.MappedPages;

    public int BlocksFor(int tokens) => _inner.BlocksFor(tokens);

    public int CachedTokens(Sequence sequence) => _inner.CachedTokens(sequence);

    public bool TryGrow(Sequence sequence, int tokens) => Fill(sequence, _inner.TryGrow(sequence, tokens));

    public bool TryGrow(Sequence sequence, int tokens, int roomTokens) => Fill(sequence, _inner.TryGrow(sequence, tokens, roomTokens));

    public int RunsOf(Sequence sequence, int fromToken, int toToken) => _inner.RunsOf(sequence, fromToken, toToken);

    public int RunsFor(int tokens) => _inner.RunsFor(tokens);

    public void StepWrites(Sequence sequence, int tokens) => _inner.StepWrites(sequence, tokens);

    public bool TryDrain(Sequence sequence, int fromToken, int toToken, Instant end) => _inner.TryDrain(sequence, fromToken, toToken, end);

    public int RoomInPlace(Sequence sequence) => _inner.RoomInPlace(sequence);

    public Duration StepStarts(Instant now) => _inner.StepStarts(now);

    public void Release(Sequence sequence)
    {
        if (sequence.Places is { Count: > 0 } places)
        {
            _pages.TakeBack(sequence, 0, places.Count);
            places.Clear();
        }
        _inner.Release(sequence);
    }

    public KvPin? Pin(Sequence holder, int tokens) => _inner.Pin(holder, tokens);

    public void Unpin(KvPin pin) => _inner.Unpin(pin);

    public bool TryReserve(int blocks) => _inner.TryReserve(blocks);

    public void Unreserve(int blocks) => _inner.Unreserve(blocks);

    private bool Fill(Sequence sequence, bool grew)
    {
        if (grew) _pages.Fill(sequence);
        return grew;
    }
}
