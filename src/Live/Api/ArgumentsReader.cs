using System.Text;
using System.Text.RegularExpressions;

namespace Orrery.Live.Api;

/// <summary>The arguments of an answer that is one call by its grammar: <c>{"name": "f", "arguments": {…}}</c>, given out as they come.</summary>
internal sealed partial class ArgumentsReader
{
    private readonly StringBuilder _head = new();
    private bool _hasName;
    private bool _hasEnded;
    private bool _isInText;
    private bool _isEscaped;
    private int _depth;

    /// <returns>True once the name is known.</returns>
    public bool Append(string text, IAnswerSink sink)
    {
        if (_hasEnded) return true;
        if (!_hasName)
        {
            _head.Append(text);
            string head = _head.ToString();
            Match match = Head().Match(head);
            if (!match.Success) return false;
            _hasName = true;
            sink.CallStart(0, match.Groups[1].Value);
            text = head[match.Length..];
        }
        int end = End(text);
        if (end > 0) sink.CallArguments(0, text[..end]);
        return true;
    }

    /// <summary>How much of the text belongs to the arguments: all of it, or up to the brace that closes them.</summary>
    private int End(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (_isEscaped) _isEscaped = false;
            else if (_isInText && c == '\\') _isEscaped = true;
            else if (c == '"') _isInText = !_isInText;
            else if (!_isInText && c is '{' or '[') _depth++;
            else if (!_isInText && c is '}' or ']' && --_depth == 0)
            {
                _hasEnded = true;
                return i + 1;
            }
        }
        return text.Length;
    }

    [GeneratedRegex("""^\s*\{\s*"name"\s*:\s*"([A-Za-z0-9_-]+)"\s*,\s*"arguments"\s*:\s*(?=\{)""")]
    private static partial Regex Head();
}
