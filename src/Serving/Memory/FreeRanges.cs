namespace Orrery.Serving.Memory;

/// <summary>Free contiguous ranges of blocks, sorted by length for best fit; a returned range merges with its free neighbours.</summary>
/// <remarks>Lookup by start, by end and by size; nothing is allocated once the list has grown to the number of ranges.</remarks>
internal sealed class FreeRanges
{
    private readonly int[] _lengthAt;
    private readonly int[] _lengthBefore;

    /// <summary>Length in the upper half, start in the lower: sorted by length, then by start.</summary>
    private readonly List<long> _bySize = [];

    public FreeRanges(int blocks)
    {
        _lengthAt = new int[blocks + 1];
        _lengthBefore = new int[blocks + 1];
        Insert(0, blocks);
    }

    /// <summary>Ranges now.</summary>
    public int Count => _bySize.Count;

    /// <summary>Free blocks from a block on; 0 unless a free range starts there.</summary>
    public int LengthAt(int start) => _lengthAt[start];

    /// <summary>The shortest range of at least so many blocks, the first of equals; false when there is none.</summary>
    public bool TryBestFit(int blocks, out int start)
    {
        int index = _bySize.BinarySearch((long)blocks << 32);
        if (index < 0) index = ~index;
        start = index < _bySize.Count ? (int)_bySize[index] : 0;
        return index < _bySize.Count;
    }

    /// <summary>The longest range; false when nothing is free.</summary>
    public bool TryLargest(out int start)
    {
        start = _bySize.Count > 0 ? (int)_bySize[^1] : 0;
        return _bySize.Count > 0;
    }

    /// <summary>Takes the leading blocks of the free range that starts here; the rest stays free.</summary>
    public void Take(int start, int blocks)
    {
        int length = _lengthAt[start];
        if (blocks < 1 || blocks > length) throw new InvalidOperationException($"{blocks} blocks were taken at {start}, where {length} are free");
        Delete(start, length);
        if (blocks < length) Insert(start + blocks, length - blocks);
    }

    /// <summary>Returns a range.</summary>
    public void Add(int start, int blocks)
    {
        int before = _lengthBefore[start];
        if (before > 0) Delete(start - before, before);
        int after = _lengthAt[start + blocks];
        if (after > 0) Delete(start + blocks, after);
        Insert(start - before, before + blocks + after);
    }

    private void Insert(int start, int length)
    {
        _lengthAt[start] = length;
        _lengthBefore[start + length] = length;
        long key = ((long)length << 32) | (uint)start;
        _bySize.Insert(~_bySize.BinarySearch(key), key);
    }

    private void Delete(int start, int length)
    {
        _lengthAt[start] = 0;
        _lengthBefore[start + length] = 0;
        _bySize.RemoveAt(_bySize.BinarySearch(((long)length << 32) | (uint)start));
    }
}
