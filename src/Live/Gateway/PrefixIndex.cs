using System.Buffers.Binary;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Gateway;

/// <summary>Names the blocks of a prompt's text, so that equal heads of prompts have equal names.</summary>
internal static class PromptBlocks
{
    /// <summary>The engines' usual block (b).</summary>
    public const int BlockTokens = 16;

    /// <summary>Tokens are not known here: a block is as many bytes as that many tokens are estimated to have.</summary>
    public const int BlockBytes = BlockTokens * RequestOutline.BytesPerToken;

    /// <summary>Blocks of a prompt that are named: 131,072 tokens, the longest context that is common (our choice, d).</summary>
    public const int MostBlocks = 8192;

    /// <summary>One span per whole block; each name depends on all bytes before, so a name that is known means that the whole head is.</summary>
    public static TokenSpan[] Of(ReadOnlySpan<byte> prompt)
    {
        TokenSpan[] spans = new TokenSpan[Math.Min(prompt.Length / BlockBytes, MostBlocks)];
        ulong name = 0;
        for (int i = 0; i < spans.Length; i++)
        {
            ReadOnlySpan<byte> block = prompt.Slice(i * BlockBytes, BlockBytes);
            for (int at = 0; at < BlockBytes; at += sizeof(ulong)) name = Mix(name ^ BinaryPrimitives.ReadUInt64LittleEndian(block[at..]));
            spans[i] = new(name, BlockTokens);
        }
        return spans;
    }

    /// <summary>A bijection that spreads every bit (finaliser of SplitMix64). A collision costs a worse choice of upstream, no more.</summary>
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15UL;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9UL;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EBUL;
        return value ^ (value >> 31);
    }
}

/// <summary>
/// Guesses what an upstream's prefix cache holds from what was sent there: the names of blocks, the least recently sent of which are
/// forgotten first. The cache-aware policy of the SGLang router guesses alike, from a tree of texts (c).
/// </summary>
internal sealed class PrefixIndex(int capacity)
{
    /// <summary>A million tokens' worth (our choice, d); about 6 MB.</summary>
    public const int DefaultBlocks = 65_536;

    private readonly Dictionary<ulong, LinkedListNode<ulong>> _nodes = [];
    private readonly LinkedList<ulong> _recent = new();

    public int Count => _nodes.Count;

    /// <summary>Leading tokens that were sent before.</summary>
    public int CachedTokens(ReadOnlySpan<TokenSpan> prompt)
    {
        int tokens = 0;
        foreach (TokenSpan span in prompt)
        {
            if (!_nodes.ContainsKey(span.ContentId)) break;
            tokens += span.Tokens;
        }
        return tokens;
    }

    public void Add(ReadOnlySpan<TokenSpan> prompt)
    {
        // From the tail, so that a head is always more recent than what follows it.
        for (int i = prompt.Length - 1; i >= 0; i--) Touch(prompt[i].ContentId);
    }

    private void Touch(ulong block)
    {
        if (_nodes.TryGetValue(block, out LinkedListNode<ulong>? node))
        {
            _recent.Remove(node);
            _recent.AddFirst(node);
            return;
        }
        if (_nodes.Count >= capacity)
        {
            node = _recent.Last!;
            _recent.RemoveLast();
            _nodes.Remove(node.Value);
            node.Value = block;
        }
        else
        {
            node = new(block);
        }
        _recent.AddFirst(node);
        _nodes.Add(block, node);
    }
}
