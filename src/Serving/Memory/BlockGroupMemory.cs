using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Memory;

/// <summary>
/// Paged KV memory whose blocks are handed out in contiguous groups, so that a copy moves a group instead of a block. It promises exactly
/// what paged memory does: what a sequence reserves beyond its need is free to others and is taken from it before anybody must give way.
/// </summary>
/// <remarks>
/// Source: the block group manager of FastSwitch, arXiv 2411.18424 (b). A sequence grows inside its last group, then into the free range
/// behind it, then into a new one: the shortest free range that holds the need rounded up to whole groups (the rest is the reserve), else
/// the shortest that holds the need, else the longest ones until the need is covered, else the unused tails of others, longest first.
/// Released ranges merge. The host side is taken to be laid out in the same groups.
/// </remarks>
public sealed class BlockGroupMemory : IKvMemory
{
    private readonly int _groupBlocks;
    private readonly FreeRanges _free;
    private readonly Dictionary<Sequence, BlockGroups> _holders = [];
    private readonly BlockGroups _reserved = new();
    private readonly List<(int Start, int Blocks, Instant End)> _draining = [];
    private Instant _writableAt = Instant.Zero;

    /// <param name="totalBlocks">Blocks of the device.</param>
    /// <param name="blockTokens">Tokens of a block.</param>
    /// <param name="groupBlocks">New groups are whole multiples of this where there is room.</param>
    public BlockGroupMemory(int totalBlocks, int blockTokens, int groupBlocks)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(totalBlocks);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(blockTokens);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(groupBlocks);
        TotalBlocks = totalBlocks;
        FreeBlocks = totalBlocks;
        BlockTokens = blockTokens;
        _groupBlocks = groupBlocks;
        _free = new(totalBlocks);
    }

    public int BlockTokens { get; }

    public int TotalBlocks { get; }

    /// <summary>Blocks that nobody uses; those that somebody has in reserve are among them.</summary>
    public int FreeBlocks { get; private set; }

    /// <summary>Free ranges, reserves left out: 1 in an empty memory, more as it is fragmented.</summary>
    public int FreeRangeCount => _free.Count;

    /// <summary>Groups that a sequence's blocks lie in.</summary>
    public int GroupsOf(Sequence sequence) => _holders.TryGetValue(sequence, out BlockGroups? groups) ? groups.Count : 0;

    /// <summary>Where each of a sequence's blocks lies, its unused reserve at the end.</summary>
    public IReadOnlyList<int> PlacesOf(Sequence sequence)
    {
        List<int> places = [];
        if (_holders.TryGetValue(sequence, out BlockGroups? groups))
            foreach ((int start, int blocks) in groups.Between(0, groups.Blocks)) places.AddRange(Enumerable.Range(start, blocks));
        return places;
    }

    public bool TryGrow(Sequence sequence, int tokens) => TryGrow(sequence, tokens, tokens);

    public bool TryGrow(Sequence sequence, int tokens, int roomTokens)
    {
        int used = sequence.KvBlocks;
        int missing = ((roomTokens + BlockTokens - 1) / BlockTokens) - used;
        if (missing <= 0) return true;
        if (missing > FreeBlocks) return false;
        if (!_holders.TryGetValue(sequence, out BlockGroups? groups)) _holders.Add(sequence, groups = new());
        FreeBlocks -= missing;
        sequence.KvBlocks += missing;
        if (groups.Blocks < sequence.KvBlocks) Extend(groups, sequence.KvBlocks - groups.Blocks, _groupBlocks);
        if (_draining.Count > 0) MindDraining(sequence, groups, used);
        return true;
    }

    public int RunsOf(Sequence sequence, int fromToken, int toToken)
    {
        if (toToken <= fromToken || !_holders.TryGetValue(sequence, out BlockGroups? groups)) return 0;
        return groups.Between(fromToken / BlockTokens, (toToken + BlockTokens - 1) / BlockTokens).Count();
    }

    public bool TryDrain(Sequence sequence, int fromToken, int toToken, Instant end)
    {
        if (_holders.TryGetValue(sequence, out BlockGroups? groups))
            foreach ((int start, int blocks) in groups.Between(fromToken / BlockTokens, (toToken + BlockTokens - 1) / BlockTokens)) _draining.Add((start, blocks, end));
        return true;
    }

    /// <summary>A step that writes blocks whose old content is on its way out waits for those copies, and for no others.</summary>
    public Duration StepStarts(Instant now)
    {
        _draining.RemoveAll(range => range.End <= now);
        Duration wait = Duration.Max(Duration.Zero, _writableAt - now);
        _writableAt = Instant.Zero;
        return wait;
    }

    /// <summary>New groups are that large where there is room; crowded memory has more.</summary>
    public int RunsFor(int tokens) => ((tokens + BlockTokens - 1) / BlockTokens + _groupBlocks - 1) / _groupBlocks;

    public bool HasPlaces => true;

    public int RoomInPlace(Sequence sequence)
    {
        if (!_holders.TryGetValue(sequence, out BlockGroups? groups)) return 0;
        int end = groups.End;
        int firstUnused = end - (groups.Blocks - sequence.KvBlocks);
        int quiet = end;
        foreach ((int start, int blocks, _) in _draining)
            if (start < quiet && start + blocks > firstUnused) quiet = Math.Max(start, firstUnused);
        return (groups.Blocks - (end - quiet)) * BlockTokens;
    }

    public void Release(Sequence sequence)
    {
        if (!_holders.Remove(sequence, out BlockGroups? groups)) return;
        FreeBlocks += sequence.KvBlocks;
        sequence.KvBlocks = 0;
        for (int i = 0; i < groups.Count; i++) _free.Add(groups[i].Start, groups[i].Blocks);
    }

    public bool TryReserve(int blocks)
    {
        if (blocks > FreeBlocks) return false;
        FreeBlocks -= blocks;
        if (blocks > 0) Extend(_reserved, blocks, 1);
        return true;
    }

    public void Unreserve(int blocks)
    {
        if (blocks > _reserved.Blocks) throw new InvalidOperationException($"{blocks} blocks returned that were never reserved");
        FreeBlocks += blocks;
        while (blocks > 0)
        {
            int cut = Math.Min(blocks, _reserved[_reserved.Count - 1].Blocks);
            _free.Add(_reserved.Cut(cut), cut);
            blocks -= cut;
        }
    }

    private void Extend(BlockGroups groups, int blocks, int multiple)
    {
        int needed = blocks;
        int wanted = (blocks + multiple - 1) / multiple * multiple;
        if (groups.Count > 0 && _free.LengthAt(groups.End) is > 0 and int adjacent)
        {
            int taken = Math.Min(adjacent, wanted);
            TakeFree(groups, groups.End, taken);
            needed -= taken;
            wanted -= taken;
        }
        while (needed > 0 && (_free.TryBestFit(wanted, out int start) || _free.TryBestFit(needed, out start) || _free.TryLargest(out start)))
        {
            int taken = Math.Min(_free.LengthAt(start), wanted);
            TakeFree(groups, start, taken);
            needed -= taken;
            wanted -= taken;
        }
        while (needed > 0) needed -= StealTail(groups, needed);
    }

    private void TakeFree(BlockGroups groups, int start, int blocks)
    {
        _free.Take(start, blocks);
        groups.Add(start, blocks);
    }

    /// <summary>Takes from the end of the longest unused tail, of equal ones from the first in memory.</summary>
    private int StealTail(BlockGroups thief, int needed)
    {
        BlockGroups? victim = null;
        int longest = 0;
        foreach ((Sequence holder, BlockGroups groups) in _holders)
        {
            int tail = groups.Blocks - holder.KvBlocks;
            if (ReferenceEquals(groups, thief) || tail <= 0 || tail < longest) continue;
            if (tail == longest && groups.End > victim!.End) continue;
            victim = groups;
            longest = tail;
        }
        if (victim is null) throw new InvalidOperationException("fewer blocks are unused than are counted as free");
        int taken = Math.Min(longest, needed);
        int start = victim.Cut(taken);
        thief.Add(start, taken);
        return taken;
    }

    private void MindDraining(Sequence sequence, BlockGroups groups, int firstNew)
    {
        foreach ((int start, int blocks) in groups.Between(firstNew, sequence.KvBlocks))
        {
            foreach ((int from, int length, Instant end) in _draining)
            {
                if (from >= start + blocks || start >= from + length) continue;
                // Its copy back writes them first, and may run beside steps.
                if (sequence.IsOnHost) sequence.HostReadyAt = Instant.Max(sequence.HostReadyAt, end);
                else _writableAt = Instant.Max(_writableAt, end);
            }
        }
    }
}
