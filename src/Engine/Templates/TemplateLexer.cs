namespace Orrery.Engine.Templates;

/// <summary>Cuts a template into tokens and settles white space on the way.</summary>
/// <remarks>
/// Source: Jinja's documentation, "Whitespace Control" (b), with <c>trim_blocks</c> and <c>lstrip_blocks</c> on, as chat templates are written for:
/// a line end right after a block or a comment goes, blanks between a line's start and a block or a comment go, '-' takes all white space on its side, '+' keeps it.
/// One line end at the template's end goes too.
/// </remarks>
internal sealed class TemplateLexer
{
    // Longer signs before their beginnings.
    private static readonly string[] Operators = ["**", "//", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "<", ">", "=", ".", ":", "|", ",", "(", ")", "[", "]", "{", "}"];

    private readonly string _source;
    private readonly List<TemplateToken> _tokens = [];
    private readonly Stack<char> _brackets = new();
    private int _at;
    private int _line = 1;
    private int _lineStart;
    private int _counted;

    /// <summary>What was consumed last ended a line, so that blanks before a block are a line's indentation.</summary>
    private bool _atLineStart = true;

    private TemplateLexer(string source) => _source = source;

    /// <summary>The tokens of a template, closed by one of kind <see cref="TokenKind.End"/>.</summary>
    /// <exception cref="TemplateFault">A tag or a string is not closed, or a character belongs to no token.</exception>
    public static List<TemplateToken> Read(string source)
    {
        source = source.ReplaceLineEndings("\n");
        if (source.EndsWith('\n')) source = source[..^1];
        var lexer = new TemplateLexer(source);
        lexer.ReadAll();
        return lexer._tokens;
    }

    private void ReadAll()
    {
        while (_at < _source.Length)
        {
            int open = FindOpening(_at);
            AddText(_at, open);
            if (open < 0) break;
            _at = open;
            SourcePlace place = PlaceOf(open);
            char kind = _source[open + 1];
            _at += 2;
            if (_at < _source.Length && _source[_at] is '-' or '+') _at++;
            if (kind == '#') SkipComment(place);
            else ReadTag(kind, place);
        }
        _tokens.Add(new TemplateToken(TokenKind.End, "", PlaceOf(_source.Length)));
    }

    private int FindOpening(int from)
    {
        for (int i = from; i + 1 < _source.Length; i++)
        {
            if (_source[i] == '{' && _source[i + 1] is '{' or '%' or '#') return i;
        }
        return -1;
    }

    private void AddText(int from, int open)
    {
        int end = open < 0 ? _source.Length : open;
        if (open >= 0)
        {
            char sign = open + 2 < _source.Length ? _source[open + 2] : ' ';
            if (sign == '-')
            {
                while (end > from && PythonText.IsSpace(_source[end - 1])) end--;
            }
            else if (sign != '+' && _source[open + 1] != '{')
            {
                int lineStart = _source.LastIndexOf('\n', Math.Max(open - 1, 0), Math.Max(open - from, 0)) + 1;
                if (lineStart == 0 || lineStart < from) lineStart = _atLineStart ? from : -1;
                if (lineStart >= 0 && _source.AsSpan(lineStart, open - lineStart).IsWhiteSpace()) end = lineStart;
            }
        }
        if (end > from) _tokens.Add(new TemplateToken(TokenKind.Text, _source[from..end], PlaceOf(from)));
        _at = open < 0 ? _source.Length : open;
    }

    private void SkipComment(SourcePlace place)
    {
        int close = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (close < 0) throw new TemplateFault("the comment opened by '{#' is never closed by '#}'", place);
        char sign = close > _at ? _source[close - 1] : ' ';
        _at = close + 2;
        AfterBlock(sign);
    }

    private void ReadTag(char kind, SourcePlace place)
    {
        bool isBlock = kind == '%';
        _tokens.Add(new TemplateToken(isBlock ? TokenKind.BlockBegin : TokenKind.ExpressionBegin, isBlock ? "{%" : "{{", place));
        string close = isBlock ? "%}" : "}}";
        _brackets.Clear();
        while (true)
        {
            SkipSpace();
            if (_at >= _source.Length) throw new TemplateFault($"the tag is never closed by '{close}'", place);
            if (_brackets.Count == 0 && TryClose(close, isBlock)) return;
            ReadWord(place);
        }
    }

    private bool TryClose(string close, bool isBlock)
    {
        int signLength = _source[_at] is '-' or '+' ? 1 : 0;
        if (string.CompareOrdinal(_source, _at + signLength, close, 0, 2) != 0) return false;
        char sign = signLength == 0 ? ' ' : _source[_at];
        if (sign == '+' && !isBlock) return false;
        _tokens.Add(new TemplateToken(isBlock ? TokenKind.BlockEnd : TokenKind.ExpressionEnd, close, PlaceOf(_at)));
        _at += signLength + 2;
        if (isBlock) AfterBlock(sign);
        else
        {
            _atLineStart = false;
            if (sign == '-') SkipWhiteSpaceAfter();
        }
        return true;
    }

    private void AfterBlock(char sign)
    {
        _atLineStart = false;
        if (sign == '-') SkipWhiteSpaceAfter();
        else if (sign != '+' && _at < _source.Length && _source[_at] == '\n')
        {
            _at++;
            _atLineStart = true;
        }
    }

    private void SkipWhiteSpaceAfter()
    {
        int from = _at;
        SkipSpace();
        _atLineStart = _at > from && _source[_at - 1] == '\n';
    }

    private void SkipSpace()
    {
        while (_at < _source.Length && PythonText.IsSpace(_source[_at])) _at++;
    }

    private void ReadWord(SourcePlace tag)
    {
        SourcePlace place = PlaceOf(_at);
        char c = _source[_at];
        if (char.IsLetter(c) || c == '_')
        {
            int from = _at;
            while (_at < _source.Length && (char.IsLetterOrDigit(_source[_at]) || _source[_at] == '_')) _at++;
            _tokens.Add(new TemplateToken(TokenKind.Name, _source[from.._at], place));
        }
        else if (char.IsAsciiDigit(c)) ReadNumber(place);
        else if (c is '\'' or '"') ReadString(c, place);
        else ReadOperator(c, place, tag);
    }

    private void ReadNumber(SourcePlace place)
    {
        int from = _at;
        SkipDigits();
        bool isFloat = false;
        // "1.x" is an attribute of 1, and a number right after a dot is an index: neither takes the dot.
        bool afterDot = _tokens.Count > 0 && _tokens[^1].IsOperator(".");
        if (!afterDot && _at + 1 < _source.Length && _source[_at] == '.' && char.IsAsciiDigit(_source[_at + 1]))
        {
            isFloat = true;
            _at++;
            SkipDigits();
        }
        int mark = _at;
        if (!afterDot && _at < _source.Length && _source[_at] is 'e' or 'E')
        {
            _at++;
            if (_at < _source.Length && _source[_at] is '+' or '-') _at++;
            if (_at < _source.Length && char.IsAsciiDigit(_source[_at]))
            {
                isFloat = true;
                SkipDigits();
            }
            else _at = mark;
        }
        _tokens.Add(new TemplateToken(isFloat ? TokenKind.Float : TokenKind.Integer, _source[from.._at].Replace("_", "", StringComparison.Ordinal), place));
    }

    private void SkipDigits()
    {
        while (_at < _source.Length && (char.IsAsciiDigit(_source[_at]) || (_source[_at] == '_' && _at + 1 < _source.Length && char.IsAsciiDigit(_source[_at + 1])))) _at++;
    }

    private void ReadString(char quote, SourcePlace place)
    {
        int from = ++_at;
        while (_at < _source.Length && _source[_at] != quote) _at += _source[_at] == '\\' ? 2 : 1;
        if (_at >= _source.Length) throw new TemplateFault($"the string is never closed by {quote}", place);
        _tokens.Add(new TemplateToken(TokenKind.String, StringEscapes.Resolve(_source.AsSpan(from, _at - from), place), place));
        _at++;
    }

    private void ReadOperator(char c, SourcePlace place, SourcePlace tag)
    {
        ReadOnlySpan<char> rest = _source.AsSpan(_at);
        foreach (string signs in Operators)
        {
            if (!rest.StartsWith(signs)) continue;
            if (c is '(' or '[' or '{') _brackets.Push(c);
            else if (c is ')' or ']' or '}')
            {
                char open = c switch { ')' => '(', ']' => '[', _ => '{' };
                if (_brackets.Count == 0 || _brackets.Pop() != open) throw new TemplateFault($"'{c}' closes nothing in the tag at {tag}", place);
            }
            _tokens.Add(new TemplateToken(TokenKind.Operator, signs, place));
            _at += signs.Length;
            return;
        }
        throw new TemplateFault($"the character '{c}' has no meaning in a tag", place);
    }

    private SourcePlace PlaceOf(int offset)
    {
        // Offsets grow almost always; a step back (never over a line end that matters) is counted anew.
        if (offset < _lineStart) (_line, _lineStart, _counted) = (1, 0, 0);
        for (int i = _counted; i < offset; i++)
        {
            if (_source[i] != '\n') continue;
            _line++;
            _lineStart = i + 1;
        }
        _counted = Math.Max(_counted, offset);
        return new SourcePlace(_line, offset - _lineStart + 1);
    }
}
