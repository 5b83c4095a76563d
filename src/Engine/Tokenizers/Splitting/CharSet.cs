namespace Orrery.Engine.Tokenizers.Splitting;

/// <summary>A set of code points: 256 bits over the class bytes of <see cref="CodePointText"/>, and, where a pattern names code points beyond ASCII, their ranges.</summary>
internal sealed class CharSet
{
    private readonly ulong[] _bits = new ulong[4];
    private List<(int First, int Last)>? _ranges;
    private bool _negated;

    public void Add(int point) => AddRange(point, point);

    public void AddRange(int first, int last)
    {
        for (int point = first; point <= Math.Min(last, 0x7F); point++) AddClass((byte)point);
        if (last >= 0x80) (_ranges ??= []).Add((Math.Max(first, 0x80), last));
    }

    public void AddClass(byte value) => _bits[value >> 6] |= 1UL << (value & 63);

    public void UnionWith(CharSet other)
    {
        for (int i = 0; i < _bits.Length; i++) _bits[i] |= other._bits[i];
        if (other._ranges is not null) (_ranges ??= []).AddRange(other._ranges);
    }

    /// <summary>Only for sets without ranges.</summary>
    public void IntersectWith(CharSet other)
    {
        for (int i = 0; i < _bits.Length; i++) _bits[i] &= other._bits[i];
    }

    public void Negate()
    {
        for (int i = 0; i < _bits.Length; i++) _bits[i] = ~_bits[i];
        _negated = true;
    }

    /// <summary>Whether no code point can be in both; sets with ranges count as overlapping.</summary>
    public bool IsDisjoint(CharSet other)
    {
        if (_ranges is not null || other._ranges is not null) return false;
        for (int i = 0; i < _bits.Length; i++)
        {
            if ((_bits[i] & other._bits[i]) != 0) return false;
        }
        return true;
    }

    public bool Contains(byte value, int point)
    {
        if (_ranges is null || value < 0x80) return (_bits[value >> 6] >> (value & 63) & 1) != 0;
        foreach ((int first, int last) in _ranges)
        {
            if (point >= first && point <= last) return !_negated;
        }
        return _negated;
    }
}
