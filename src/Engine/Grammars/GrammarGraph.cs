namespace Orrery.Engine.Grammars;

internal enum NodeKind : byte
{
    /// <summary>Takes one byte of a range.</summary>
    Bytes,

    /// <summary>Goes on at any of several nodes.</summary>
    Split,

    /// <summary>Goes through a rule, then on.</summary>
    Call,

    /// <summary>The end of a rule.</summary>
    Return,
}

/// <summary>A node of a grammar. First and Last: the byte range, or First: the start of the rule called.</summary>
internal readonly record struct GrammarNode(NodeKind Kind, int First, int Last, int Next);

/// <summary>
/// A context-free language over bytes as a graph of small steps, built from the end to the beginning: what makes a step is given the node that follows.
/// Rules are entered by calls; a return goes back to where the call stood.
/// </summary>
internal sealed class GrammarGraph
{
    /// <summary>The one node that ends a rule.</summary>
    public const int Return = 0;

    /// <summary>Nodes of one grammar: counts such as maxLength are spelled out, so they are bounded by this.</summary>
    public const int NodeLimit = 400_000;

    private readonly List<GrammarNode> _nodes = [new GrammarNode(NodeKind.Return, 0, 0, -1)];
    private readonly Dictionary<int, int[]> _splits = [];
    private readonly HashSet<int> _ruleStarts = [];

    public int Count => _nodes.Count;

    public GrammarNode this[int node] => _nodes[node];

    public int[] Alternatives(int node) => _splits[node];

    public int Bytes(int first, int last, int next) => Add(new GrammarNode(NodeKind.Bytes, first, last, next));

    public int Byte(char value, int next) => Bytes(value, value, next);

    public int Text(string ascii, int next)
    {
        for (int i = ascii.Length - 1; i >= 0; i--) next = Byte(ascii[i], next);
        return next;
    }

    public int Split(params ReadOnlySpan<int> alternatives)
    {
        if (alternatives.Length == 1) return alternatives[0];
        int node = OpenSplit();
        SetSplit(node, alternatives);
        return node;
    }

    /// <summary>A split whose alternatives are told later: a loop, or a rule that calls itself.</summary>
    public int OpenSplit()
    {
        int node = Add(new GrammarNode(NodeKind.Split, 0, 0, -1));
        _splits[node] = [];
        return node;
    }

    public void SetSplit(int node, params ReadOnlySpan<int> alternatives) => _splits[node] = alternatives.ToArray();

    /// <param name="rule">The rule's first node.</param>
    /// <param name="next">Where it goes on.</param>
    public int Call(int rule, int next) => next == Return ? rule : Add(new GrammarNode(NodeKind.Call, rule, 0, next));

    /// <summary>Takes away alternatives that can never come to an end.</summary>
    /// <returns>False when the whole grammar from <paramref name="start"/> cannot.</returns>
    public bool Prune(int start)
    {
        bool[] ends = new bool[Count];
        ends[Return] = true;
        bool hasChanged = true;
        while (hasChanged)
        {
            hasChanged = false;
            for (int node = 1; node < ends.Length; node++)
            {
                if (ends[node] || !Ends(node)) continue;
                ends[node] = true;
                hasChanged = true;
            }
        }
        foreach (int split in _splits.Keys.ToArray()) _splits[split] = Array.FindAll(_splits[split], alternative => ends[alternative]);
        return ends[start];

        bool Ends(int node) => _nodes[node] switch
        {
            { Kind: NodeKind.Split } => Array.Exists(_splits[node], alternative => ends[alternative]),
            { Kind: NodeKind.Call } call => ends[call.First] && ends[call.Next],
            var bytes => ends[bytes.Next],
        };
    }

    /// <summary>Whether some marked rule comes back to its own beginning before it has taken a byte: such a grammar has no first step.</summary>
    public bool HasEndlessStart()
    {
        const byte open = 1;
        const byte done = 2;
        byte[] marks = new byte[Count];
        bool[] mayBeEmpty = MayBeEmpty();
        var work = new Stack<(int Node, bool IsDone)>();
        foreach (int root in _ruleStarts)
        {
            work.Push((root, false));
            while (work.TryPop(out (int Node, bool IsDone) item))
            {
                if (item.IsDone) marks[item.Node] = done;
                if (item.IsDone || marks[item.Node] != 0) continue;
                marks[item.Node] = open;
                work.Push((item.Node, true));
                foreach (int next in EmptySteps(item.Node))
                {
                    // A loop inside a rule passes no rule's beginning; the automaton cuts it.
                    if (marks[next] == open && _ruleStarts.Contains(next)) return true;
                    if (marks[next] == 0) work.Push((next, false));
                }
            }
        }
        return false;

        IEnumerable<int> EmptySteps(int node) => _nodes[node] switch
        {
            { Kind: NodeKind.Split } => _splits[node],
            { Kind: NodeKind.Call } call => mayBeEmpty[call.First] ? [call.First, call.Next] : [call.First],
            _ => [],
        };
    }

    /// <summary>Marks a node as the beginning of a rule that others may refer to.</summary>
    public void MarkRule(int node) => _ruleStarts.Add(node);

    private bool[] MayBeEmpty()
    {
        bool[] empty = new bool[Count];
        empty[Return] = true;
        bool hasChanged = true;
        while (hasChanged)
        {
            hasChanged = false;
            for (int node = 1; node < empty.Length; node++)
            {
                if (empty[node]) continue;
                GrammarNode step = _nodes[node];
                bool isEmpty = step.Kind == NodeKind.Split ? Array.Exists(_splits[node], alternative => empty[alternative]) : step.Kind == NodeKind.Call && empty[step.First] && empty[step.Next];
                empty[node] = isEmpty;
                hasChanged |= isEmpty;
            }
        }
        return empty;
    }

    private int Add(GrammarNode node)
    {
        if (_nodes.Count >= NodeLimit) throw new GrammarLimitException();
        _nodes.Add(node);
        return _nodes.Count - 1;
    }
}

/// <summary>The grammar would have more nodes than <see cref="GrammarGraph.NodeLimit"/>.</summary>
internal sealed class GrammarLimitException : Exception;
