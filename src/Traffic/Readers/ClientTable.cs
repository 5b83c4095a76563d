using System.Text;

namespace Orrery.Traffic.Readers;

/// <summary>
/// Client names of a trace, numbered in order of appearance; looked up from bytes without a string per row. Grows with the clients, not
/// with the rows.
/// </summary>
internal sealed class ClientTable
{
    private readonly List<string> _names = [];
    private readonly Dictionary<string, int> _indices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _bySpan;

    internal ClientTable() => _bySpan = _indices.GetAlternateLookup<ReadOnlySpan<char>>();

    internal int Count => _names.Count;

    internal string Name(int index) => _names[index];

    internal int Index(ReadOnlySpan<byte> name)
    {
        const int stackChars = 256;
        int chars = Encoding.UTF8.GetMaxCharCount(name.Length);
        Span<char> buffer = chars <= stackChars ? stackalloc char[stackChars] : new char[chars];
        ReadOnlySpan<char> text = buffer[..Encoding.UTF8.GetChars(name, buffer)];
        if (_bySpan.TryGetValue(text, out int index)) return index;
        string added = text.ToString();
        _indices.Add(added, _names.Count);
        _names.Add(added);
        return _names.Count - 1;
    }
}
