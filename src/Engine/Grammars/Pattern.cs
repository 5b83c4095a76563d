using System.Globalization;
using System.Text;

namespace Orrery.Engine.Grammars;

/// <summary>A regular expression as a tree.</summary>
internal abstract record Pattern
{
    public sealed record Set(CodePointSet Characters) : Pattern;

    public sealed record Sequence(IReadOnlyList<Pattern> Parts) : Pattern;

    public sealed record Choice(IReadOnlyList<Pattern> Parts) : Pattern;

    /// <param name="Part">What repeats.</param>
    /// <param name="Least">At least so often.</param>
    /// <param name="Most">At most so often; null without end.</param>
    public sealed record Repeat(Pattern Part, int Least, int? Most) : Pattern;

    /// <summary>Whether it takes any number of any characters: what stands on an open side of an expression without anchor.</summary>
    public static Pattern Anything { get; } = new Repeat(new Set(CodePointSet.All), 0, null);

    /// <summary>The nodes that take it inside a JSON string.</summary>
    public int Emit(GrammarGraph graph, JsonCharacters characters, int next)
    {
        switch (this)
        {
            case Set set:
                return characters.One(set.Characters, next);
            case Sequence sequence:
                for (int i = sequence.Parts.Count - 1; i >= 0; i--) next = sequence.Parts[i].Emit(graph, characters, next);
                return next;
            case Choice choice:
                int[] ways = choice.Parts.Select(part => part.Emit(graph, characters, next)).ToArray();
                return graph.Split(ways);
            case Repeat repeat:
                int node = next;
                if (repeat.Most is null)
                {
                    node = graph.OpenSplit();
                    graph.SetSplit(node, repeat.Part.Emit(graph, characters, node), next);
                }
                for (int i = repeat.Most ?? repeat.Least; i > repeat.Least; i--) node = graph.Split(repeat.Part.Emit(graph, characters, node), next);
                for (int i = 0; i < repeat.Least; i++) node = repeat.Part.Emit(graph, characters, node);
                return node;
            default:
                throw new InvalidOperationException("a pattern of an unknown kind");
        }
    }
}

/// <summary>A pattern outside the subset or not a regular expression; the message says what of it.</summary>
internal sealed class PatternException(string message) : Exception(message);

/// <summary>
/// Regular expressions of JSON Schema (ECMA 262's, Unicode mode): characters, classes, groups, alternatives and counts. '^' and '$' stand at the ends of the whole expression or of one of its
/// top alternatives; without them anything may stand on that side. Look-around, back references and word borders are outside.
/// </summary>
internal sealed class PatternParser
{
    private const int DepthLimit = 50;
    private const int CountLimit = 10_000;

    private static readonly CodePointSet Digit = CodePointSet.Of(('0', '9'));
    private static readonly CodePointSet Word = CodePointSet.Of(('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z'));
    private static readonly CodePointSet Space = CodePointSet.Of((9, 13), (32, 32), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF));
    private static readonly CodePointSet LineEnds = CodePointSet.Of((10, 10), (13, 13), (0x2028, 0x2029));

    private readonly List<int> _text;
    private int _at;
    private int _depth;

    private PatternParser(string text) => _text = JsonCharacters.CodePoints(text);

    /// <exception cref="PatternException">Outside the subset.</exception>
    public static Pattern Parse(string text)
    {
        var parser = new PatternParser(text);
        var ways = new List<Pattern>();
        do
        {
            bool isOpenLeft = !parser.TryTake('^');
            Pattern part = parser.Sequence(isTop: true);
            bool isOpenRight = !parser.TryTake('$');
            var parts = new List<Pattern> { part };
            if (isOpenLeft) parts.Insert(0, Pattern.Anything);
            if (isOpenRight) parts.Add(Pattern.Anything);
            ways.Add(new Pattern.Sequence(parts));
        }
        while (parser.TryTake('|'));
        if (parser._at < parser._text.Count) throw parser.Stray();
        return ways.Count == 1 ? ways[0] : new Pattern.Choice(ways);
    }

    private int Current => _at < _text.Count ? _text[_at] : -1;

    private PatternException Stray() => new($"'{new Rune(Current)}' at place {_at + 1} has no meaning there");

    private bool TryTake(char c)
    {
        if (Current != c) return false;
        _at++;
        return true;
    }

    private Pattern Alternatives()
    {
        if (++_depth > DepthLimit) throw new PatternException($"groups are nested deeper than {DepthLimit}");
        var ways = new List<Pattern> { Sequence(isTop: false) };
        while (TryTake('|')) ways.Add(Sequence(isTop: false));
        _depth--;
        return ways.Count == 1 ? ways[0] : new Pattern.Choice(ways);
    }

    private Pattern.Sequence Sequence(bool isTop)
    {
        var parts = new List<Pattern>();
        while (Current is not (-1 or '|' or ')'))
        {
            if (Current == '$' && isTop && (_at + 1 == _text.Count || _text[_at + 1] == '|')) break;
            if (Current is '^' or '$') throw new PatternException($"the anchor '{(char)Current}' inside the expression is not supported, only at its ends");
            parts.Add(Counted(Atom()));
        }
        return new Pattern.Sequence(parts);
    }

    private Pattern Counted(Pattern part)
    {
        int from = _at;
        (int Least, int? Most)? count = Current switch
        {
            '*' => (0, null),
            '+' => (1, null),
            '?' => (0, 1),
            '{' => Braces(),
            _ => null,
        };
        if (count is null) return part;
        if (_at == from) _at++;
        // A lazy count takes the same texts.
        TryTake('?');
        if (Current is '*' or '+' or '{') throw Stray();
        return new Pattern.Repeat(part, count.Value.Least, count.Value.Most);
    }

    private (int Least, int? Most) Braces()
    {
        _at++;
        int least = Number();
        int? most = least;
        if (TryTake(',')) most = Current == '}' ? null : Number();
        if (!TryTake('}') || most < least || Math.Max(least, most ?? 0) > CountLimit) throw new PatternException($"a count in braces is {{m}}, {{m,}} or {{m,n}} with numbers up to {CountLimit}");
        return (least, most);
    }

    private int Number()
    {
        int from = _at;
        int number = 0;
        while (Current is >= '0' and <= '9' && _at - from < 6) number = (number * 10) + (_text[_at++] - '0');
        return _at == from ? throw new PatternException("a count in braces wants a number") : number;
    }

    private Pattern Atom()
    {
        int c = Current;
        _at++;
        switch (c)
        {
            case '.':
                return new Pattern.Set(LineEnds.Complement());
            case '[':
                return new Pattern.Set(Class());
            case '\\':
                return new Pattern.Set(Escape(isInClass: false));
            case '(':
                if (TryTake('?') && !TryTake(':')) throw new PatternException("a group that begins by '(?' other than '(?:' is not supported");
                Pattern inner = Alternatives();
                return TryTake(')') ? inner : throw new PatternException("a group is never closed");
            case '*' or '+' or '?' or '{' or '}' or ']':
                _at--;
                throw Stray();
            default:
                return new Pattern.Set(CodePointSet.Of((c, c)));
        }
    }

    private CodePointSet Class()
    {
        bool isNegated = TryTake('^');
        CodePointSet set = CodePointSet.Of();
        while (!TryTake(']'))
        {
            CodePointSet first = ClassItem();
            if (Current == '-' && _at + 1 < _text.Count && _text[_at + 1] != ']')
            {
                _at++;
                CodePointSet last = ClassItem();
                if (Single(first) is not { } from || Single(last) is not { } to || from > to) throw new PatternException("a range in a class goes from one character to a later one");
                first = CodePointSet.Of((from, to));
            }
            set = set.Union(first);
        }
        return isNegated ? set.Complement() : set;
    }

    private CodePointSet ClassItem()
    {
        int c = Current;
        if (c < 0) throw new PatternException("a class is never closed");
        _at++;
        return c == '\\' ? Escape(isInClass: true) : CodePointSet.Of((c, c));
    }

    private static int? Single(CodePointSet set) => set.Ranges is [var (first, last)] && first == last ? first : null;

    private CodePointSet Escape(bool isInClass)
    {
        int c = Current;
        _at++;
        switch (c)
        {
            case 'd': return Digit;
            case 'D': return Digit.Complement();
            case 'w': return Word;
            case 'W': return Word.Complement();
            case 's': return Space;
            case 'S': return Space.Complement();
            case 't': return One('\t');
            case 'n': return One('\n');
            case 'r': return One('\r');
            case 'f': return One('\f');
            case 'v': return One('\v');
            case '0': return One('\0');
            case 'b' when isInClass: return One('\b');
            case 'x': return One(Hexadecimal(2));
            case 'u': return One(TryTake('{') ? Braced() : Hexadecimal(4));
            case -1: throw new PatternException("it ends by '\\'");
        }
        if (c < 128 && char.IsAsciiLetterOrDigit((char)c)) throw new PatternException($"the escape '\\{(char)c}' is not supported");
        return One(c);

        static CodePointSet One(int codePoint) => CodePointSet.Of((codePoint, codePoint));
    }

    private int Braced()
    {
        int from = _at;
        while (Current is not (-1 or '}')) _at++;
        int digits = _at - from;
        _at = from;
        int value = digits is > 0 and <= 6 ? Hexadecimal(digits) : -1;
        return TryTake('}') && value is >= 0 and <= CodePointSet.LastCodePoint ? value : throw new PatternException("the escape '\\u{…}' wants a character's hexadecimal number");
    }

    private int Hexadecimal(int digits)
    {
        var text = new StringBuilder();
        for (int i = 0; i < digits && Current is > 0 and < 128; i++) text.Append((char)_text[_at++]);
        return text.Length == digits && int.TryParse(text.ToString(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value)
            ? value
            : throw new PatternException($"an escape wants {digits} hexadecimal digits");
    }
}
