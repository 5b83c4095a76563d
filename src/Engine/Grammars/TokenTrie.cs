namespace Orrery.Engine.Grammars;

/// <summary>The vocabulary as a tree of bytes, laid out in the order of a walk: a subtree that cannot match is skipped by one jump.</summary>
internal sealed class TokenTrie
{
    private readonly byte[] _bytes;
    private readonly int[] _depths;
    private readonly int[] _ends;
    private readonly int[] _firstTokens;
    private readonly int[] _tokens;
    private readonly int[] _endTokens;

    public TokenTrie(byte[][] bytes, IReadOnlySet<int> endOfGeneration)
    {
        _endTokens = endOfGeneration.Where(token => token >= 0 && token < bytes.Length).Order().ToArray();
        _tokens = Enumerable.Range(0, bytes.Length).Where(token => bytes[token].Length > 0 && !endOfGeneration.Contains(token)).ToArray();
        Array.Sort(_tokens, (a, b) => bytes[a].AsSpan().SequenceCompareTo(bytes[b]) is var order && order != 0 ? order : a - b);
        var nodeBytes = new List<byte>();
        var depths = new List<int>();
        var firstTokens = new List<int>();
        byte[] previous = [];
        for (int i = 0; i < _tokens.Length; i++)
        {
            byte[] text = bytes[_tokens[i]];
            for (int depth = text.AsSpan().CommonPrefixLength(previous); depth < text.Length; depth++)
            {
                nodeBytes.Add(text[depth]);
                depths.Add(depth);
                // Tokens of a node are those from its own mark to the next node's; inner nodes have none.
                firstTokens.Add(i);
            }
            previous = text;
        }
        (_bytes, _depths) = ([.. nodeBytes], [.. depths]);
        _firstTokens = [.. firstTokens, _tokens.Length];
        _ends = new int[_bytes.Length];
        var open = new Stack<int>();
        for (int node = 0; node <= _bytes.Length; node++)
        {
            int depth = node < _bytes.Length ? _depths[node] : 0;
            while (open.Count > depth) _ends[open.Pop()] = node;
            if (node < _bytes.Length) open.Push(node);
        }
        MaxLength = _depths.Length == 0 ? 0 : _depths.Max() + 1;
    }

    /// <summary>Bytes of the longest token.</summary>
    public int MaxLength { get; }

    public ReadOnlySpan<int> EndTokens => _endTokens;

    /// <summary>Sets the bits of the tokens that <paramref name="from"/> can take whole.</summary>
    /// <param name="from">Where the walk begins.</param>
    /// <param name="path">Room for the states on the way, at least <see cref="MaxLength"/>.</param>
    /// <param name="bits">One bit a token.</param>
    public void Mark(AutomatonState from, AutomatonState[] path, Span<ulong> bits)
    {
        int node = 0;
        while (node < _bytes.Length)
        {
            int depth = _depths[node];
            AutomatonState? state = (depth == 0 ? from : path[depth - 1]).Step(_bytes[node]);
            if (state is null)
            {
                node = _ends[node];
                continue;
            }
            path[depth] = state;
            for (int i = _firstTokens[node]; i < _firstTokens[node + 1]; i++) bits[_tokens[i] >> 6] |= 1UL << (_tokens[i] & 63);
            node++;
        }
    }
}
