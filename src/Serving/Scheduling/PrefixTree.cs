using System.Runtime.InteropServices;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Scheduling;

/// <summary>
/// A radix tree over the named content of prompts, and the choice of at most one shared prefix for each prompt that saves most tokens.
/// </summary>
/// <remarks>
/// A node v stands for depth(v) leading tokens that cnt(v) prompts have in common. Either all of them share the whole path to v, which
/// saves depth(v) · (cnt(v) − 1) tokens, or the choice is left to the children (BatchLLM, arXiv 2412.03594, describes such a dynamic
/// programme; this recurrence is ours, d):
/// <code>best(v) = max(depth(v) · (cnt(v) − 1), Σ best(children of v))</code>
/// A tie goes to the larger group, whose prefix is held once instead of several times. Time and memory grow with the number of spans.
/// </remarks>
/// <param name="unitTokens">A prefix counts in whole units of so many tokens: what a paged memory can share.</param>
public sealed class PrefixTree(int unitTokens)
{
    private const int Root = 0;

    /// <summary>Offset of the entry under which an adapter's own tree hangs: before the first token.</summary>
    private const int AdapterOffset = -1;

    private readonly List<Node> _nodes = [default];
    private readonly Dictionary<(int Parent, ulong Content, int Offset), int> _children = [];
    private readonly List<int> _ends = [];

    /// <summary>Prompts added so far.</summary>
    public int Count => _ends.Count;

    /// <summary>Adds a prompt; its number is the <see cref="Count"/> before.</summary>
    /// <param name="spans">Named content at its head.</param>
    /// <param name="promptTokens">Its length: what spans name beyond it does not count.</param>
    /// <param name="adapter">Prompts of different adapters share nothing.</param>
    public void Add(ReadOnlySpan<TokenSpan> spans, int promptTokens, int adapter = -1)
    {
        int node = Root;
        if (adapter >= 0) node = Descend(Root, (ulong)adapter, AdapterOffset, 0, out _);
        int left = promptTokens;
        foreach (TokenSpan span in spans)
        {
            int length = Math.Min(span.Tokens, left);
            left -= length;
            int offset = 0;
            while (offset < length)
            {
                node = Descend(node, span.ContentId, offset, length - offset, out int taken);
                offset += taken;
            }
        }
        _ends.Add(node);
    }

    /// <summary>The chosen prefix of every prompt.</summary>
    /// <returns>For each prompt the number of its group, −1 when it shares nothing, and for each group the tokens of its prefix.</returns>
    public (int[] GroupOfPrompt, IReadOnlyList<int> PrefixTokens) Choose()
    {
        int[] order = TopDown(out int[] depths);
        int[] counts = new int[_nodes.Count];
        foreach (int end in _ends) counts[end]++;
        long[] fromChildren = new long[_nodes.Count];
        bool[] isTaken = new bool[_nodes.Count];
        for (int i = order.Length - 1; i >= 0; i--)
        {
            int node = order[i];
            long here = (long)(depths[node] / unitTokens * unitTokens) * (counts[node] - 1);
            isTaken[node] = here > 0 && here >= fromChildren[node];
            if (node == Root) break;
            int parent = _nodes[node].Parent;
            counts[parent] += counts[node];
            fromChildren[parent] += Math.Max(here, fromChildren[node]);
        }
        return Cut(order, depths, isTaken);
    }

    private (int[] GroupOfPrompt, IReadOnlyList<int> PrefixTokens) Cut(int[] order, int[] depths, bool[] isTaken)
    {
        int[] chosen = new int[_nodes.Count];
        foreach (int node in order)
        {
            bool isCovered = node != Root && chosen[_nodes[node].Parent] > Root;
            chosen[node] = isCovered ? chosen[_nodes[node].Parent] : isTaken[node] ? node : Root;
        }
        int[] groups = new int[_ends.Count];
        Dictionary<int, int> numbers = [];
        List<int> prefixes = [];
        for (int i = 0; i < groups.Length; i++)
        {
            int node = chosen[_ends[i]];
            groups[i] = -1;
            if (node == Root) continue;
            if (!numbers.TryGetValue(node, out groups[i]))
            {
                groups[i] = prefixes.Count;
                numbers.Add(node, prefixes.Count);
                prefixes.Add(depths[node] / unitTokens * unitTokens);
            }
        }
        return (groups, prefixes);
    }

    /// <summary>Follows the run of tokens that begins so, as far as it agrees: an old edge, the first part of one, or a new one.</summary>
    private int Descend(int parent, ulong content, int offset, int length, out int taken)
    {
        ref int slot = ref CollectionsMarshal.GetValueRefOrAddDefault(_children, (parent, content, offset), out bool exists);
        if (!exists)
        {
            slot = _nodes.Count;
            _nodes.Add(new(parent, content, offset, length));
            taken = length;
            return slot;
        }
        int child = slot;
        Node old = _nodes[child];
        taken = Math.Min(old.Length, length);
        if (taken == old.Length) return child;
        // The upper part becomes a node of its own; prompts that end below keep their number.
        int upper = _nodes.Count;
        slot = upper;
        _nodes.Add(new(parent, content, offset, taken));
        _nodes[child] = new(upper, content, offset + taken, old.Length - taken);
        _children.Add((upper, content, offset + taken), child);
        return upper;
    }

    /// <summary>Nodes with parents before children, and the tokens from the root to the end of each.</summary>
    private int[] TopDown(out int[] depths)
    {
        int count = _nodes.Count;
        int[] firstChild = new int[count];
        int[] nextSibling = new int[count];
        for (int node = count - 1; node > Root; node--)
        {
            int parent = _nodes[node].Parent;
            nextSibling[node] = firstChild[parent];
            firstChild[parent] = node;
        }
        depths = new int[count];
        int[] order = new int[count];
        int known = 1;
        for (int i = 0; i < known; i++)
        {
            for (int child = firstChild[order[i]]; child != Root; child = nextSibling[child])
            {
                depths[child] = depths[order[i]] + _nodes[child].Length;
                order[known++] = child;
            }
        }
        return order;
    }

    /// <summary>A node with the edge that leads to it: a run of tokens out of one content.</summary>
    private readonly record struct Node(int Parent, ulong Content, int Offset, int Length);
}
