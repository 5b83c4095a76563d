using System.Runtime.InteropServices;

namespace Orrery.Engine.Sampling;

/// <summary>Counts of the tokens within a window that ends at the last token, and the way back.</summary>
internal sealed class TokenHistory
{
    private readonly int _window;
    private readonly Dictionary<int, TokenCounts> _counts;
    private readonly List<int> _entries;

    /// <param name="window">Tokens looked back over; 0 = all.</param>
    /// <param name="capacity">Tokens expected; more are taken by doubling.</param>
    public TokenHistory(int window, int capacity)
    {
        _window = window;
        _counts = new(capacity);
        _entries = new(capacity);
    }

    /// <summary>The distinct tokens within the window.</summary>
    public Dictionary<int, TokenCounts> Counts => _counts;

    public int Tokens => _entries.Count;

    public void Add(int token, bool generated)
    {
        // Tokens of the prompt are stored as their complement: the kind must be known again when they leave the window.
        _entries.Add(generated ? token : ~token);
        Change(_entries[^1], 1);
        if (_window > 0 && _entries.Count > _window) Change(_entries[^(_window + 1)], -1);
    }

    /// <summary>Takes back the newest tokens; older ones come back into the window.</summary>
    public void RemoveLast(int tokens)
    {
        for (int i = 0; i < tokens; i++)
        {
            if (_window > 0 && _entries.Count > _window) Change(_entries[^(_window + 1)], 1);
            Change(_entries[^1], -1);
            _entries.RemoveAt(_entries.Count - 1);
        }
    }

    private void Change(int entry, int by)
    {
        int token = entry < 0 ? ~entry : entry;
        ref TokenCounts counts = ref CollectionsMarshal.GetValueRefOrAddDefault(_counts, token, out _);
        counts = new(counts.Seen + by, counts.Generated + (entry < 0 ? 0 : by));
        if (counts.Seen == 0) _counts.Remove(token);
    }
}

/// <summary>How often a token stands in the window: in all, and as generated text.</summary>
internal readonly record struct TokenCounts(int Seen, int Generated);
