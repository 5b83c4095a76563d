namespace Orrery.Serving.Memory;

/// <summary>The contiguous ranges of blocks that somebody holds, in the order of the tokens in them. Only the last may have an unused tail.</summary>
internal sealed class BlockGroups
{
    private readonly List<(int Start, int Blocks)> _groups = [];

    public int Count => _groups.Count;

    public (int Start, int Blocks) this[int index] => _groups[index];

    /// <summary>Blocks of all groups.</summary>
    public int Blocks { get; private set; }

    /// <summary>The block behind the last group.</summary>
    public int End => _groups[^1].Start + _groups[^1].Blocks;

    /// <summary>Appends a range; one that adjoins the last group becomes part of it.</summary>
    public void Add(int start, int blocks)
    {
        Blocks += blocks;
        if (_groups.Count > 0 && End == start) _groups[^1] = (_groups[^1].Start, _groups[^1].Blocks + blocks);
        else _groups.Add((start, blocks));
    }

    /// <summary>Takes blocks off the end.</summary>
    /// <returns>Where they start.</returns>
    public int Cut(int blocks)
    {
        (int start, int length) = _groups[^1];
        if (blocks > length) throw new InvalidOperationException($"{blocks} blocks were cut off a group of {length}");
        Blocks -= blocks;
        if (blocks == length) _groups.RemoveAt(_groups.Count - 1);
        else _groups[^1] = (start, length - blocks);
        return start + length - blocks;
    }

    /// <summary>Ranges of device memory in which blocks [from, to) lie.</summary>
    public IEnumerable<(int Start, int Blocks)> Between(int from, int to)
    {
        int first = 0;
        foreach ((int start, int blocks) in _groups)
        {
            int begin = Math.Max(from, first);
            int end = Math.Min(to, first + blocks);
            if (begin < end) yield return (start + begin - first, end - begin);
            first += blocks;
            if (first >= to) yield break;
        }
    }
}
