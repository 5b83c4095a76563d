using System.Text;

namespace Orrery.Engine.Tokenizers.Splitting;

/// <summary>Reads the regular expressions of pre-tokenisers into a <see cref="PatternNode"/> tree.</summary>
/// <remarks>
/// The dialect is what those expressions use: alternation (the first that fits wins), groups <c>(…)</c> and <c>(?:…)</c>, look-ahead <c>(?=…)</c> and <c>(?!…)</c>, greedy
/// <c>? * + {m} {m,n}</c>, classes with ranges, negation and intersection <c>&amp;&amp;</c>, and <c>\s \S \d \r \n \t \p{L|N|P|M|S}</c> with the sub-categories of L read as L.
/// Two facts of the reference (its expressions run over one byte per code point): <c>\s</c> takes every Unicode white space, and <c>\p{S}</c> leaves out the tilde.
/// </remarks>
internal ref struct PatternParser
{
    // General categories P and S among ASCII, in the reference's reading.
    private const string AsciiPunctuation = "!\"#%&'()*,-./:;?@[\\]_{}";
    private const string AsciiSymbols = "$+<=>^`|";

    private readonly int[] _source;
    private int _at;

    private PatternParser(string source) => _source = [.. source.EnumerateRunes().Select(rune => rune.Value)];

    public static PatternNode Parse(string source)
    {
        var parser = new PatternParser(source);
        PatternNode node = parser.Alternation();
        return parser._at == parser._source.Length ? node : throw parser.Fault("has an unmatched ')'");
    }

    private PatternNode Alternation()
    {
        var branches = new List<PatternNode> { Sequence() };
        while (Take('|')) branches.Add(Sequence());
        return branches.Count == 1 ? branches[0] : new PatternNode.Choice(branches);
    }

    private PatternNode Sequence()
    {
        var parts = new List<PatternNode>();
        while (_at < _source.Length && _source[_at] is not ('|' or ')')) parts.Add(Repeated());
        return parts.Count == 1 ? parts[0] : new PatternNode.Chain(parts);
    }

    private PatternNode Repeated()
    {
        PatternNode node = Atom();
        if (Take('?')) return new PatternNode.Repeat(node, 0, 1);
        if (Take('*')) return new PatternNode.Repeat(node, 0, int.MaxValue);
        if (Take('+')) return new PatternNode.Repeat(node, 1, int.MaxValue);
        if (!Take('{')) return node;
        int least = Digits();
        int most = Take(',') ? Digits() : least;
        return Take('}') ? new PatternNode.Repeat(node, least, most) : throw Fault("has an open '{'");
    }

    private PatternNode Atom()
    {
        if (Take('('))
        {
            bool look = false;
            bool negative = false;
            if (Take('?'))
            {
                look = !Take(':');
                negative = look && Take('!');
                if (look && !negative && !Take('=')) throw Fault("has an unknown group");
            }
            PatternNode inner = Alternation();
            if (!Take(')')) throw Fault("has an open '('");
            return look ? new PatternNode.Look(inner, negative) : inner;
        }
        if (Take('[')) return new PatternNode.One(Class());
        var set = new CharSet();
        if (Take('\\')) AddEscape(set);
        else set.Add(_source[_at++]);
        return new PatternNode.One(set);
    }

    private CharSet Class()
    {
        bool negated = Take('^');
        var set = new CharSet();
        while (!Take(']'))
        {
            if (_at >= _source.Length) throw Fault("has an open '['");
            if (Take('&') && Take('&'))
            {
                if (!Take('[')) throw Fault("needs a class after '&&'");
                set.IntersectWith(Class());
                continue;
            }
            if (Take('\\'))
            {
                AddEscape(set);
                continue;
            }
            int first = _source[_at++];
            int last = first;
            if (_at + 1 < _source.Length && _source[_at] == '-' && _source[_at + 1] != ']')
            {
                _at++;
                last = _source[_at++];
            }
            set.AddRange(first, last);
        }
        if (negated) set.Negate();
        return set;
    }

    private void AddEscape(CharSet set)
    {
        int letter = _source[_at++];
        switch (letter)
        {
            case 'r': set.Add('\r'); break;
            case 'n': set.Add('\n'); break;
            case 't': set.Add('\t'); break;
            case 'd': set.AddRange('0', '9'); break;
            case 's': set.UnionWith(Spaces()); break;
            case 'S':
                CharSet others = Spaces();
                others.Negate();
                set.UnionWith(others);
                break;
            case 'p': AddCategory(set); break;
            default: set.Add(letter); break;
        }
    }

    private static CharSet Spaces()
    {
        var set = new CharSet();
        set.AddRange('\t', '\r');
        set.Add(' ');
        return set;
    }

    private void AddCategory(CharSet set)
    {
        if (!Take('{')) throw Fault("needs '{' after \\p");
        int category = _source[_at++];
        while (!Take('}')) _at++;
        switch (category)
        {
            case 'L':
                set.AddRange('A', 'Z');
                set.AddRange('a', 'z');
                set.AddClass(CodePointText.Letter);
                break;
            case 'N':
                set.AddRange('0', '9');
                set.AddClass(CodePointText.Number);
                break;
            case 'P':
                foreach (char sign in AsciiPunctuation) set.Add(sign);
                set.AddClass(CodePointText.Punctuation);
                break;
            case 'M':
                set.AddClass(CodePointText.Mark);
                break;
            case 'S':
                foreach (char sign in AsciiSymbols) set.Add(sign);
                set.AddClass(CodePointText.SymbolSign);
                break;
            default:
                throw Fault("names an unknown category");
        }
    }

    private int Digits()
    {
        int value = 0;
        while (_at < _source.Length && _source[_at] is >= '0' and <= '9') value = 10 * value + _source[_at++] - '0';
        return value;
    }

    private bool Take(int expected)
    {
        if (_at >= _source.Length || _source[_at] != expected) return false;
        _at++;
        return true;
    }

    /// <summary>Patterns are our own, so a fault in one is a bug.</summary>
    private readonly InvalidOperationException Fault(string what)
    {
        var text = new StringBuilder();
        foreach (int point in _source) text.Append(new Rune(point).ToString());
        return new InvalidOperationException($"the pattern {text} {what} before place {_at}");
    }
}
