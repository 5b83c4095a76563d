namespace Orrery.Engine.Grammars;

/// <summary>Where calls return to: a stack whose cells are shared by all stacks with the same bottom.</summary>
internal sealed class StackCell(int returnNode, StackCell? below, int id)
{
    public int ReturnNode => returnNode;

    public StackCell? Below => below;

    public int Id => id;
}

/// <summary>A set of places in the grammar, each with its stack: what the automaton may be doing after the bytes so far.</summary>
internal sealed class AutomatonState(PushdownAutomaton automaton, (int Node, StackCell? Stack)[] places, bool isComplete)
{
    private readonly AutomatonState?[] _steps = new AutomatonState?[256];
    private readonly ulong[] _known = new ulong[4];
    private ulong[]? _mask;

    public (int Node, StackCell? Stack)[] Places => places;

    /// <summary>The bytes so far are a whole value.</summary>
    public bool IsComplete => isComplete;

    /// <summary>The state after one more byte; null when no value goes on so.</summary>
    public AutomatonState? Step(byte value)
    {
        if (Volatile.Read(ref _steps[value]) is { } known) return known;
        return (Volatile.Read(ref _known[value >> 6]) >> (value & 63) & 1) != 0 ? null : automaton.Find(this, value);
    }

    /// <summary>Remembers a step; called under the automaton's lock.</summary>
    public void Remember(byte value, AutomatonState? next)
    {
        Volatile.Write(ref _steps[value], next);
        if (next is null) Volatile.Write(ref _known[value >> 6], _known[value >> 6] | (1UL << (value & 63)));
    }

    /// <summary>The tokens that may come next, one bit each.</summary>
    public ReadOnlySpan<ulong> Mask(TokenVocabulary vocabulary) => Volatile.Read(ref _mask) ?? automaton.MakeMask(this, vocabulary, ref _mask);
}

/// <summary>
/// The grammar as a machine that reads bytes. All ways that the bytes so far can be read are followed at once, and every set of ways that was met is kept with its steps and its mask,
/// so that in the long run a step is one look-up. Shared by the masks of one grammar; making what is not there yet is locked.
/// </summary>
internal sealed class PushdownAutomaton
{
    /// <summary>What the kept states may take before they are forgotten: states with all their steps are about 2 KB, masks one bit a token.</summary>
    private const long CacheBytesLimit = 64L << 20;

    private const int StateBytes = 2400;

    private readonly Lock _lock = new();
    private readonly GrammarGraph _graph;
    private readonly Dictionary<(int ReturnNode, int Below), StackCell> _stacks = [];
    private readonly Dictionary<PlacesKey, AutomatonState> _states = [];
    private readonly Stack<(int Node, StackCell? Stack)> _work = new();
    private readonly HashSet<(int Node, int Stack)> _seen = [];
    private readonly List<(int Node, StackCell? Stack)> _places = [];
    private AutomatonState[] _path = [];
    private long _cacheBytes;
    private int _nextStack = 1;

    public PushdownAutomaton(GrammarGraph graph, int start)
    {
        _graph = graph;
        Begin();
        Follow(start, null);
        Start = Settle();
    }

    public AutomatonState Start { get; }

    /// <summary>Works out a step for the first time.</summary>
    public AutomatonState? Find(AutomatonState from, byte value)
    {
        lock (_lock)
        {
            Begin();
            foreach ((int node, StackCell? stack) in from.Places)
            {
                GrammarNode step = _graph[node];
                if (step.Kind == NodeKind.Bytes && value >= step.First && value <= step.Last) Follow(step.Next, stack);
            }
            AutomatonState? next = _places.Count == 0 ? null : Settle();
            from.Remember(value, next);
            return next;
        }
    }

    public ulong[] MakeMask(AutomatonState state, TokenVocabulary vocabulary, ref ulong[]? mask)
    {
        lock (_lock)
        {
            if (mask is { } known) return known;
            ulong[] bits = new ulong[(vocabulary.Count + 63) / 64];
            if (_path.Length < vocabulary.Trie.MaxLength) _path = new AutomatonState[vocabulary.Trie.MaxLength];
            vocabulary.Trie.Mark(state, _path, bits);
            if (state.IsComplete)
            {
                foreach (int token in vocabulary.Trie.EndTokens) bits[token >> 6] |= 1UL << (token & 63);
            }
            _cacheBytes += bits.Length * sizeof(ulong);
            Volatile.Write(ref mask, bits);
            Array.Clear(_path);
            return bits;
        }
    }

    private void Begin()
    {
        _places.Clear();
        _seen.Clear();
        if (_cacheBytes <= CacheBytesLimit) return;
        // Masks in use hold on to their own states; the rest is made again when it is needed.
        _cacheBytes = 0;
        _states.Clear();
        _stacks.Clear();
    }

    /// <summary>Adds all places that take a byte, or end the value, and that are reached from here without a byte.</summary>
    private void Follow(int start, StackCell? startStack)
    {
        _work.Push((start, startStack));
        while (_work.TryPop(out (int Node, StackCell? Stack) place))
        {
            if (!_seen.Add((place.Node, place.Stack?.Id ?? 0))) continue;
            GrammarNode step = _graph[place.Node];
            switch (step.Kind)
            {
                case NodeKind.Split:
                    foreach (int alternative in _graph.Alternatives(place.Node)) _work.Push((alternative, place.Stack));
                    break;
                case NodeKind.Call:
                    _work.Push((step.First, Push(step.Next, place.Stack)));
                    break;
                case NodeKind.Return when place.Stack is { } cell:
                    _work.Push((cell.ReturnNode, cell.Below));
                    break;
                default:
                    _places.Add(place);
                    break;
            }
        }
    }

    private StackCell Push(int returnNode, StackCell? below)
    {
        (int, int) key = (returnNode, below?.Id ?? 0);
        if (!_stacks.TryGetValue(key, out StackCell? cell)) _stacks[key] = cell = new StackCell(returnNode, below, _nextStack++);
        return cell;
    }

    private AutomatonState Settle()
    {
        _places.Sort((a, b) => a.Node != b.Node ? a.Node - b.Node : (a.Stack?.Id ?? 0) - (b.Stack?.Id ?? 0));
        (int Node, StackCell? Stack)[] places = [.. _places];
        var key = new PlacesKey(places);
        if (_states.TryGetValue(key, out AutomatonState? state)) return state;
        state = new AutomatonState(this, places, places.Any(place => place.Node == GrammarGraph.Return));
        _states[key] = state;
        _cacheBytes += StateBytes + (places.Length * 16);
        return state;
    }

    private readonly struct PlacesKey((int Node, StackCell? Stack)[] places) : IEquatable<PlacesKey>
    {
        private readonly (int Node, StackCell? Stack)[] _places = places;

        public bool Equals(PlacesKey other)
        {
            if (_places.Length != other._places.Length) return false;
            for (int i = 0; i < _places.Length; i++)
            {
                if (_places[i].Node != other._places[i].Node || !ReferenceEquals(_places[i].Stack, other._places[i].Stack)) return false;
            }
            return true;
        }

        public override bool Equals(object? obj) => obj is PlacesKey other && Equals(other);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            foreach ((int node, StackCell? stack) in _places)
            {
                hash.Add(node);
                hash.Add(stack?.Id ?? 0);
            }
            return hash.ToHashCode();
        }
    }
}
