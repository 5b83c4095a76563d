using System.Globalization;
using System.Text;

namespace Orrery.Documents;

/// <summary>Writes a tree as readable YAML that parses back to the same tree (<see cref="Node.SameTree"/>).</summary>
public static class YamlText
{
    /// <summary>Lists of scalars up to this width stand on one line.</summary>
    private const int FlowWidth = 100;

    private const int IndentWidth = 2;

    /// <summary>The text of a whole document, ending with a line feed.</summary>
    /// <param name="root">What to write; places and paths are not written.</param>
    /// <param name="heading">Comment lines above it, or null.</param>
    public static string Write(Node root, string? heading = null)
    {
        ArgumentNullException.ThrowIfNull(root);
        var text = new StringBuilder();
        if (heading is not null)
            foreach (string line in heading.ReplaceLineEndings("\n").Split('\n')) text.Append("# ").Append(line).Append('\n');
        if (OneLine(root) is { } single) text.Append(single).Append('\n');
        else Block(text, root, 0, startsOnOpenLine: false);
        return text.ToString();
    }

    /// <summary>One scalar as a document writes it: plain where that reads back the same, else in double quotes.</summary>
    public static string Scalar(string scalar, bool isText = true)
    {
        ArgumentNullException.ThrowIfNull(scalar);
        bool plain = IsSafePlain(scalar) && !(isText && PlainScalars.HasMeaning(scalar));
        return plain ? scalar : Quote(scalar);
    }

    private static void Block(StringBuilder text, Node node, int indent, bool startsOnOpenLine)
    {
        bool open = startsOnOpenLine;
        foreach (Node item in node.Items)
        {
            Start(text, indent, open);
            open = false;
            text.Append("- ");
            if (OneLine(item) is { } single) text.Append(single).Append('\n');
            else Block(text, item, indent + IndentWidth, startsOnOpenLine: true);
        }
        foreach ((string key, Node value) in node.Entries)
        {
            Start(text, indent, open);
            open = false;
            text.Append(Scalar(key)).Append(':');
            if (OneLine(value) is { } single) text.Append(' ').Append(single).Append('\n');
            else Block(text.Append('\n'), value, indent + IndentWidth, startsOnOpenLine: false);
        }
    }

    private static void Start(StringBuilder text, int indent, bool open)
    {
        if (!open) text.Append(' ', indent);
    }

    /// <summary>The node's text where it fits on the line of its key, else null.</summary>
    private static string? OneLine(Node node)
    {
        switch (node.Kind)
        {
            case NodeKind.Null:
                return "null";
            case NodeKind.Scalar:
                return Scalar(node.Text, isText: !node.IsPlain);
            case NodeKind.Mapping:
                return node.Entries.Count == 0 ? "{}" : null;
            default:
                if (node.Items.Count > FlowWidth || node.Items.Any(item => item.Kind is NodeKind.Mapping or NodeKind.Sequence)) return null;
                string flow = $"[{string.Join(", ", node.Items.Select(OneLine))}]";
                return flow.Length <= FlowWidth ? flow : null;
        }
    }

    /// <summary>A deliberately narrow set: letters, digits, the signs that units and names use, and single inner spaces.</summary>
    private static bool IsSafePlain(string scalar)
    {
        if (scalar.Length == 0 || scalar.StartsWith("---", StringComparison.Ordinal) || scalar.StartsWith("...", StringComparison.Ordinal))
            return false;
        if (!(char.IsAsciiLetterOrDigit(scalar[0]) || scalar[0] is '$' or '/' or '_' or '.' or '(' or '+'
            || (scalar[0] == '-' && scalar.Length > 1 && char.IsAsciiDigit(scalar[1]))))
            return false;
        for (int i = 1; i < scalar.Length; i++)
        {
            char c = scalar[i];
            bool safe = char.IsAsciiLetterOrDigit(c)
                || c is '-' or '_' or '.' or '/' or '$' or '%' or '+' or '*' or '(' or ')' or '<' or '>' or '='
                || (c == ' ' && scalar[i - 1] != ' ' && i < scalar.Length - 1);
            if (!safe) return false;
        }
        return true;
    }

    private static string Quote(string scalar)
    {
        var quoted = new StringBuilder(scalar.Length + 2).Append('"');
        foreach (char c in scalar)
        {
            switch (c)
            {
                case '"': quoted.Append("\\\""); break;
                case '\\': quoted.Append("\\\\"); break;
                case '\n': quoted.Append("\\n"); break;
                case '\t': quoted.Append("\\t"); break;
                default:
                    if (MustEscape(c)) quoted.Append("\\u").Append(((int)c).ToString("X4", CultureInfo.InvariantCulture));
                    else quoted.Append(c);
                    break;
            }
        }
        return quoted.Append('"').ToString();
    }

    /// <summary>Control characters, Unicode's line breaks and the byte-order mark would be changed or dropped by a reader.</summary>
    private static bool MustEscape(char c) => char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF';
}
