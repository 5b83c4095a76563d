using System.Globalization;
using System.Text;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Memory;

/// <summary>The prefix cache written the slow way: every block is an object in a list, every name is the text of its prefix.</summary>
internal sealed class PlainBlockList
{
    private readonly int _blockTokens;
    private readonly List<Block> _free = [];
    private readonly Dictionary<string, Block> _named = [];
    private readonly Dictionary<Sequence, List<Block>> _held = [];

    private readonly Dictionary<Sequence, int> _full = [];

    public PlainBlockList(int total, int blockTokens)
    {
        _blockTokens = blockTokens;
        for (int i = 0; i < total; i++) _free.Add(new Block());
    }

    public int FreeBlocks => _free.Count;

    public int CachedTokens(Sequence sequence) => _held.ContainsKey(sequence) ? 0 : Hits(sequence).Count * _blockTokens;

    public bool TryGrow(Sequence sequence, int tokens)
    {
        int wanted = (tokens + _blockTokens - 1) / _blockTokens;
        List<Block> hits = _held.ContainsKey(sequence) ? [] : Hits(sequence);
        int holding = _held.TryGetValue(sequence, out List<Block>? blocks) ? blocks.Count : hits.Count;
        int fromFree = Math.Max(0, wanted - holding) + hits.Count(block => block.References == 0);
        if (fromFree > _free.Count) return false;
        if (blocks is null)
        {
            _held[sequence] = blocks = [];
            ForgetOwnBlocksBeyond(sequence, hits.Count);
            foreach (Block hit in hits)
            {
                if (hit.References++ == 0) _free.Remove(hit);
                blocks.Add(hit);
            }
        }
        while (blocks.Count < wanted)
        {
            Block block = _free[0];
            _free.RemoveAt(0);
            if (block.Name is { } old && _named.GetValueOrDefault(old) == block) _named.Remove(old);
            block.Name = null;
            block.References = 1;
            blocks.Add(block);
        }
        // A block is named once, when it becomes full.
        for (int i = _full.GetValueOrDefault(sequence); i < tokens / _blockTokens; i++)
        {
            if (blocks[i].Name is not null) continue;
            string name = Name(sequence, i);
            // A block whose content is already named elsewhere stays unnamed.
            if (_named.TryAdd(name, blocks[i])) blocks[i].Name = name;
        }
        _full[sequence] = tokens / _blockTokens;
        return true;
    }

    public void Release(Sequence sequence)
    {
        _full.Remove(sequence);
        if (!_held.Remove(sequence, out List<Block>? blocks)) return;
        int computed = sequence.ComputedTokens / _blockTokens;
        int identified = Identified(sequence) / _blockTokens;
        // The tail goes first. Unnamed blocks of shared content were somebody's duplicates.
        for (int i = blocks.Count - 1; i >= 0; i--)
        {
            Block block = blocks[i];
            if (--block.References > 0) continue;
            bool isGone = i >= computed || (i >= identified && sequence.Outcome != Outcome.Live);
            if (isGone && block.Name is { } name)
            {
                _named.Remove(name);
                block.Name = null;
            }
            _free.Add(block);
        }
    }

    private List<Block> Hits(Sequence sequence)
    {
        List<Block> hits = [];
        int usable = (sequence.TotalTokens - 1) / _blockTokens;
        while (hits.Count < usable && _named.TryGetValue(Name(sequence, hits.Count), out Block? block)) hits.Add(block);
        return hits;
    }

    private void ForgetOwnBlocksBeyond(Sequence sequence, int blocks)
    {
        for (int i = Math.Max(blocks, Identified(sequence) / _blockTokens); i < sequence.TotalTokens / _blockTokens; i++)
            if (_named.Remove(Name(sequence, i), out Block? block)) block.Name = null;
    }

    /// <summary>Every token of the block's prefix spelled out: what it is shared by, or whose own it is.</summary>
    private string Name(Sequence sequence, int block)
    {
        StringBuilder text = new();
        int end = (block + 1) * _blockTokens;
        int position = 0;
        foreach (TokenSpan span in sequence.Request.Content ?? [])
            for (int i = 0; i < span.Tokens && position < end; i++, position++) text.Append(CultureInfo.InvariantCulture, $"{span.ContentId}:{i} ");
        for (; position < end; position++) text.Append(CultureInfo.InvariantCulture, $"own{sequence.Id}:{position} ");
        return text.ToString();
    }

    private static int Identified(Sequence sequence) => sequence.Request.Content?.Sum(span => span.Tokens) ?? 0;

    private sealed class Block
    {
        public string? Name { get; set; }

        public int References { get; set; }
    }
}
