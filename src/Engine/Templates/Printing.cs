using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Orrery.Engine.Templates;

/// <summary>Values as text: what a template prints, and Python's form of values inside lists.</summary>
internal static class Printing
{
    public static string Text(RenderState state, object? value) => value switch
    {
        string text => text,
        Undefined => "",
        null => "None",
        bool flag => flag ? "True" : "False",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => PythonText.Of(number),
        _ => Nested(state, value),
    };

    private static string Nested(RenderState state, object? value)
    {
        var text = new StringBuilder();
        Append(state, text, value);
        return text.ToString();
    }

    private static void Append(RenderState state, StringBuilder text, object? value)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        state.CheckLength(text.Length);
        state.Step();
        switch (value)
        {
            case string characters:
                AppendQuoted(text, characters);
                break;
            case Undefined:
                text.Append("Undefined");
                break;
            case TemplateSequence sequence:
                bool isTuple = sequence.Kind == SequenceKind.Tuple;
                text.Append(isTuple ? '(' : '[');
                for (int i = 0; i < sequence.Items.Count; i++)
                {
                    if (i > 0) text.Append(", ");
                    Append(state, text, sequence.Items[i]);
                }
                if (isTuple && sequence.Items.Count == 1) text.Append(',');
                text.Append(isTuple ? ')' : ']');
                break;
            case TemplateMap map:
                text.Append('{');
                for (int i = 0; i < map.Entries.Count; i++)
                {
                    if (i > 0) text.Append(", ");
                    Append(state, text, map.Entries[i].Key);
                    text.Append(": ");
                    Append(state, text, map.Entries[i].Value);
                }
                text.Append('}');
                break;
            case TemplateNamespace or TemplateFunction or LoopInfo:
                throw new TemplateFault($"{TypeNames.Of(value)} cannot be printed");
            default:
                text.Append(Text(state, value));
                break;
        }
    }

    private static void AppendQuoted(StringBuilder text, string characters)
    {
        char quote = characters.Contains('\'', StringComparison.Ordinal) && !characters.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        text.Append(quote);
        foreach (char c in characters)
        {
            if (c == quote || c == '\\') text.Append('\\').Append(c);
            else if (c == '\n') text.Append("\\n");
            else if (c == '\t') text.Append("\\t");
            else if (c == '\r') text.Append("\\r");
            else if (c is < ' ' or (>= '\x7f' and <= '\xa0') or '\xad') text.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}");
            else text.Append(c);
        }
        text.Append(quote);
    }
}
