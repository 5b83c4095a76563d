using System.Text;

namespace Orrery.Engine.Sampling;

/// <summary>Cuts a stream of text before the first stop string, and holds back what may become one.</summary>
/// <remarks>
/// The stop string that is complete first ends the text; of several that end at the same character, the longest. The answer is therefore the
/// same however the text is cut into pieces. Each stop string is followed by the automaton of Knuth, Morris and Pratt 1977 (c): the longest of
/// its prefixes that ends the text is at hand after every character, and the longest over all stop strings is what must be held back.
/// </remarks>
public sealed class StopStrings
{
    private readonly string[] _stops;
    private readonly int[][] _borders;
    private readonly int[] _matched;
    private readonly StringBuilder _held = new();

    /// <param name="stops">None of them empty.</param>
    public StopStrings(IReadOnlyList<string> stops)
    {
        if (stops.Any(string.IsNullOrEmpty)) throw new ArgumentException("a stop string is empty", nameof(stops));
        _stops = [.. stops];
        _borders = [.. stops.Select(Borders)];
        _matched = new int[_stops.Length];
    }

    /// <summary>The stop string that ended the text; null as long as none has.</summary>
    public string? Matched { get; private set; }

    /// <summary>Takes the next piece of text.</summary>
    /// <returns>What is now certain to belong to the answer, from where the last returned text ended.</returns>
    /// <exception cref="InvalidOperationException">The text has ended.</exception>
    public string Append(string text)
    {
        if (Matched is not null) throw new InvalidOperationException("the text has ended at a stop string");
        if (_stops.Length == 0 || text.Length == 0) return text;
        for (int i = 0; i < text.Length; i++)
        {
            int longest = Advance(text[i]);
            if (longest == 0) continue;
            // The held text and this piece up to here, less the stop string.
            _held.Append(text, 0, i + 1);
            Matched = _held.ToString(_held.Length - longest, longest);
            _held.Length -= longest;
            return Take(_held.Length);
        }
        _held.Append(text);
        return Take(_held.Length - _matched.Max());
    }

    /// <summary>What was held back and did not become a stop string: the end of a text that ends otherwise.</summary>
    public string Flush()
    {
        Array.Clear(_matched);
        return Take(_held.Length);
    }

    /// <summary>Moves every automaton past a character.</summary>
    /// <returns>The length of the longest stop string that ends here, or 0.</returns>
    private int Advance(char character)
    {
        int longest = 0;
        for (int stop = 0; stop < _stops.Length; stop++)
        {
            string pattern = _stops[stop];
            int state = _matched[stop];
            while (state > 0 && pattern[state] != character) state = _borders[stop][state - 1];
            if (pattern[state] == character) state++;
            _matched[stop] = state;
            if (state == pattern.Length) longest = Math.Max(longest, state);
        }
        return longest;
    }

    private string Take(int length)
    {
        if (length == 0) return "";
        string text = _held.ToString(0, length);
        _held.Remove(0, length);
        return text;
    }

    /// <summary>For each prefix the length of its longest proper prefix that is also its suffix.</summary>
    private static int[] Borders(string pattern)
    {
        var borders = new int[pattern.Length];
        int length = 0;
        for (int i = 1; i < pattern.Length; i++)
        {
            while (length > 0 && pattern[i] != pattern[length]) length = borders[length - 1];
            if (pattern[i] == pattern[length]) length++;
            borders[i] = length;
        }
        return borders;
    }
}
