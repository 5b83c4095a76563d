using Orrery.Kernel;
using YamlDotNet.Core;

namespace Orrery.Documents.Parsing;

/// <summary>Puts the parser's complaints into sentences that say what to do.</summary>
internal static class SyntaxProblems
{
    public static InputException Explain(string text, string origin, YamlException failure)
    {
        var position = new Position(origin, (int)failure.Start.Line, (int)failure.Start.Column);
        return TabLine(text, position.Line) is { } tab
            ? new InputException($"{new Position(origin, tab.Line, tab.Column)}: a tab is used for indentation; use spaces", failure)
            : new InputException($"{position}: this is not valid YAML: {Reason(failure)}", failure);
    }

    public static InputException ExplainFlag(string flag, YamlException failure) =>
        new($"{flag}: the value is not valid YAML: {Reason(failure)}", failure);

    private static string Reason(YamlException failure)
    {
        string reason = failure.Message.Trim().TrimEnd('.');
        return reason.Length == 0 ? "it cannot be read" : char.ToLowerInvariant(reason[0]) + reason[1..];
    }

    /// <summary>The parser reports an indenting tab at its own line or at one of the lines beside it; null where none has one.</summary>
    private static (int Line, int Column)? TabLine(string text, int line)
    {
        string[] lines = text.Split('\n', line + 2);
        foreach (int candidate in (int[])[line - 1, line, line + 1])
        {
            if (candidate < 1 || candidate > lines.Length) continue;
            string content = lines[candidate - 1];
            int tab = content.IndexOf('\t', StringComparison.Ordinal);
            if (tab >= 0 && string.IsNullOrWhiteSpace(content[..tab]) && !string.IsNullOrWhiteSpace(content)) return (candidate, tab + 1);
        }
        return null;
    }
}
