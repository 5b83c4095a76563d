using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Orrery.Engine.Templates;

/// <summary>The filter <c>tojson</c> as chat templates know it: <c>", "</c> and <c>": "</c> between, letters of every script as they are, keys in their order.</summary>
/// <remarks>Source: documentation of chat templates (transformers) and of Python's json module (b).</remarks>
internal sealed class JsonPrinting
{
    private readonly RenderState _state;
    private readonly StringBuilder _text = new();
    private readonly string? _indent;
    private readonly string _itemMark;
    private readonly string _keyMark;
    private readonly bool _isAscii;
    private readonly bool _isSorted;

    private JsonPrinting(RenderState state, CallArguments arguments)
    {
        arguments.Check("the filter tojson", "indent", "ensure_ascii", "separators", "sort_keys");
        _state = state;
        _indent = arguments.Take(0, "indent") switch
        {
            null => null,
            string text => text,
            long width and >= 0 and <= 64 => new string(' ', (int)width),
            _ => throw new TemplateFault("the filter tojson wants 0 to 64, a string or none for 'indent'"),
        };
        _isAscii = arguments.Flag(1, "ensure_ascii");
        _isSorted = arguments.Flag(3, "sort_keys");
        (_itemMark, _keyMark) = arguments.Take(2, "separators") switch
        {
            null => (_indent is null ? ", " : ",", ": "),
            TemplateSequence { Items: [string item, string key] } => (item, key),
            _ => throw new TemplateFault("the filter tojson wants two strings for 'separators'"),
        };
    }

    public static string Text(RenderState state, object? value, CallArguments arguments)
    {
        var printing = new JsonPrinting(state, arguments);
        printing.Append(value, 1);
        return printing._text.ToString();
    }

    private void Append(object? value, int depth)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        _state.CheckLength(_text.Length);
        _state.Step();
        switch (value)
        {
            case null: _text.Append("null"); break;
            case bool flag: _text.Append(flag ? "true" : "false"); break;
            case long number: _text.Append(number.ToString(CultureInfo.InvariantCulture)); break;
            case double number: _text.Append(Number(number)); break;
            case string text: AppendString(text); break;
            case TemplateSequence { Kind: not SequenceKind.Stream } sequence: AppendList(sequence, depth); break;
            case TemplateMap map: AppendMap(map, depth); break;
            default: throw new TemplateFault($"{TypeNames.Of(value)} has no JSON form");
        }
    }

    private void AppendList(TemplateSequence sequence, int depth)
    {
        _text.Append('[');
        for (int i = 0; i < sequence.Items.Count; i++)
        {
            if (i > 0) _text.Append(_itemMark);
            NewLine(depth);
            Append(sequence.Items[i], depth + 1);
        }
        if (sequence.Items.Count > 0) NewLine(depth - 1);
        _text.Append(']');
    }

    private void AppendMap(TemplateMap map, int depth)
    {
        IEnumerable<KeyValuePair<object?, object?>> entries = map.Entries;
        if (_isSorted) entries = SequenceFilters.SortedEntries(_state, map);
        _text.Append('{');
        bool isFirst = true;
        foreach ((object? key, object? value) in entries)
        {
            if (!isFirst) _text.Append(_itemMark);
            isFirst = false;
            NewLine(depth);
            AppendString(key switch
            {
                string text => text,
                null => "null",
                bool flag => flag ? "true" : "false",
                long number => number.ToString(CultureInfo.InvariantCulture),
                double number => Number(number),
                _ => throw new TemplateFault($"{TypeNames.Of(key)} cannot be a key in JSON"),
            });
            _text.Append(_keyMark);
            Append(value, depth + 1);
        }
        if (!isFirst) NewLine(depth - 1);
        _text.Append('}');
    }

    private void NewLine(int depth)
    {
        if (_indent is null) return;
        _text.Append('\n');
        for (int i = 0; i < depth; i++) _text.Append(_indent);
    }

    private void AppendString(string text)
    {
        _text.Append('"');
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' => _text.Append("\\\""),
                '\\' => _text.Append("\\\\"),
                '\n' => _text.Append("\\n"),
                '\r' => _text.Append("\\r"),
                '\t' => _text.Append("\\t"),
                '\b' => _text.Append("\\b"),
                '\f' => _text.Append("\\f"),
                < ' ' => _text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                > '~' when _isAscii => _text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => _text.Append(c),
            };
        }
        _text.Append('"');
    }

    private static string Number(double number) =>
        double.IsNaN(number) ? "NaN" : double.IsInfinity(number) ? (number > 0 ? "Infinity" : "-Infinity") : PythonText.Of(number);
}
