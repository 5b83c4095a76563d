using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Memory;

/// <summary>When pages are mapped and given back.</summary>
/// <param name="BlockMapTime">Time of mapping one block, all its pages one after the other; device groups map side by side.</param>
/// <param name="PagesPerBlock">Pages of a block on one device.</param>
/// <param name="MapsAhead">A mapper beside the steps prepares the next ones.</param>
/// <param name="KeepsPages">Free slots keep their pages until somebody is short of them.</param>
public sealed record MappingRules(Duration BlockMapTime, int PagesPerBlock, bool MapsAhead, bool KeepsPages);

/// <summary>
/// KV memory that is contiguous in virtual addresses and gets physical pages on demand (vAttention, Prabhu et al., ASPLOS 2025): each
/// sequence has a slot with addresses for the longest, and blocks of pages are mapped as it grows.
/// </summary>
/// <remarks>
/// As a step starts: wait for the mapper; map at once what the step writes beyond the mapped pages, m blocks for m · <see cref="MappingRules.BlockMapTime"/>
/// of waiting, taking pages from slots that hold too many where the pool is short; then start the mapper for the next steps: what one token
/// more needs, and ahead of up to <see cref="AheadTokens"/> tokens until <see cref="AheadBlocks"/> blocks were mapped. It costs nothing
/// unless it is still at work when the next step could start. Taking pages away is not charged (d: the published stall model has no term).
/// Blocks are promised when a sequence grows and mapped when a step writes them, so a promise can always be kept. Pages mapped and not
/// promised count as free. Sequences share nothing: one page would have to be mapped into several slots.
/// </remarks>
public sealed class MappedMemory : IKvMemory
{
    /// <summary>The mapper looks so many tokens ahead (b).</summary>
    public const int AheadTokens = 9;

    /// <summary>Once it has mapped so many blocks it looks no further than one token (b).</summary>
    public const int AheadBlocks = 2;

    private readonly MappingRules _rules;
    private readonly PageSlots _slots;
    private Instant _mapperFree;
    private long _mappedBlocks;

    /// <param name="totalBlocks">Physical blocks.</param>
    /// <param name="blockTokens">Tokens of a block.</param>
    /// <param name="maxTokens">Longest sequence.</param>
    /// <param name="slots">Sequences that may hold memory at once.</param>
    /// <param name="rules">When pages are mapped.</param>
    public MappedMemory(int totalBlocks, int blockTokens, int maxTokens, int slots, MappingRules rules)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(totalBlocks);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(blockTokens);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(slots);
        ArgumentNullException.ThrowIfNull(rules);
        TotalBlocks = totalBlocks;
        FreeBlocks = totalBlocks;
        BlockTokens = blockTokens;
        _rules = rules;
        _slots = new(totalBlocks, slots, blockTokens, (maxTokens + blockTokens - 1) / blockTokens);
    }

    public int BlockTokens { get; }

    public int TotalBlocks { get; }

    /// <summary>The pool and what slots have mapped beyond the promises.</summary>
    public int FreeBlocks { get; private set; }

    public int FreeSlots => _slots.Free;

    public bool FollowsWrites => true;

    public int QuietSteps { get; private set; } = 1;

    public long MappedPages => _mappedBlocks * _rules.PagesPerBlock;

    internal PageSlots Slots => _slots;

    public int RunsFor(int tokens) => 1;

    public int RunsOf(Sequence sequence, int fromToken, int toToken) => toToken <= fromToken ? 0 : 1;

    public bool TryGrow(Sequence sequence, int tokens) => TryGrow(sequence, tokens, tokens);

    public bool TryGrow(Sequence sequence, int tokens, int roomTokens)
    {
        int missing = Blocks(roomTokens) - sequence.KvBlocks;
        if (missing <= 0) return true;
        if (missing > FreeBlocks) return false;
        if (sequence.KvSlot < 0)
        {
            if (_slots.Free == 0) return false;
            sequence.KvSlot = _slots.Take(sequence, Blocks(roomTokens));
        }
        FreeBlocks -= missing;
        sequence.KvBlocks += missing;
        return true;
    }

    public void StepWrites(Sequence sequence, int tokens) => _slots.Write(sequence.KvSlot, tokens);

    public Duration StepStarts(Instant now)
    {
        Instant start = Instant.Max(now, _mapperFree);
        int mapped = MapNow();
        start += _rules.BlockMapTime * (long)mapped;
        int ahead = 0;
        bool gaveUp = _rules.MapsAhead && !MapAhead(out ahead);
        int idle = _rules.KeepsPages ? -1 : _slots.HighestIdle();
        if (idle >= 0 && mapped == 0 && ahead == 0 && !gaveUp) _slots.Unmap(idle, 1);
        if (ahead > 0) _mapperFree = start + (_rules.BlockMapTime * (long)ahead);
        _mappedBlocks += mapped + ahead;
        QuietSteps = ahead > 0 || gaveUp || idle >= 0 ? 1 : StepsUntilNeeded();
        return start - now;
    }

    public void Release(Sequence sequence)
    {
        FreeBlocks += sequence.KvBlocks;
        sequence.KvBlocks = 0;
        if (sequence.KvSlot < 0) return;
        _slots.Leave(sequence.KvSlot);
        sequence.KvSlot = -1;
    }

    public bool TryReserve(int blocks)
    {
        if (blocks > FreeBlocks) return false;
        _slots.Reclaim(blocks);
        _slots.SetAside(blocks);
        FreeBlocks -= blocks;
        return true;
    }

    public void Unreserve(int blocks)
    {
        if (FreeBlocks + blocks > TotalBlocks) throw new InvalidOperationException($"{blocks} blocks returned that were never reserved");
        _slots.SetAside(-blocks);
        FreeBlocks += blocks;
    }

    private int Blocks(int tokens) => (tokens + BlockTokens - 1) / BlockTokens;

    private int MapNow()
    {
        int mapped = 0;
        for (int slot = 0; slot < _slots.End; slot++)
        {
            int missing = _slots.Needs(slot) - _slots.Mapped(slot);
            if (missing <= 0) continue;
            // Promises are kept: what is needed was promised, and all beyond the promises can be taken away.
            _slots.Reclaim(missing);
            _slots.Map(slot, missing);
            mapped += missing;
        }
        return mapped;
    }

    /// <summary>The mapper's work for the next steps. False when the pages did not suffice: it tries again at the next step.</summary>
    private bool MapAhead(out int mapped)
    {
        mapped = 0;
        int next = 0;
        for (int slot = 0; slot < _slots.End; slot++) next += Math.Max(0, _slots.Needs(slot, 1) - _slots.Mapped(slot));
        if (next > 0 && !_slots.Reclaim(next, 1)) return false;
        for (int tokens = 1; tokens <= AheadTokens; tokens++)
        {
            for (int slot = 0; slot < _slots.End; slot++)
            {
                int missing = _slots.Needs(slot, tokens) - _slots.Mapped(slot);
                if (missing <= 0) continue;
                if (missing > _slots.Pool) return false;
                _slots.Map(slot, missing);
                mapped += missing;
                if (tokens > 1 && mapped >= AheadBlocks) return true;
            }
            if (mapped >= AheadBlocks) return true;
        }
        return true;
    }

    /// <summary>
    /// The first slot that would need pages ends the quiet: each grows by at most one token a step, and the mapper sees it so many tokens
    /// before.
    /// </summary>
    private int StepsUntilNeeded()
    {
        int ahead = _rules.MapsAhead ? AheadTokens : 0;
        int quiet = int.MaxValue;
        for (int slot = 0; slot < _slots.End; slot++)
        {
            if (_slots.Holder(slot) is null || _slots.Needs(slot, int.MaxValue / 2) <= _slots.Mapped(slot)) continue;
            int spare = (_slots.Mapped(slot) * BlockTokens) - _slots.Length(slot) - ahead;
            quiet = Math.Min(quiet, 1 + Math.Max(0, spare));
        }
        return quiet;
    }
}
