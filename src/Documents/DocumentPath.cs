using System.Text;
using Orrery.Kernel;

namespace Orrery.Documents;

/// <summary>
/// Keys and list indices joined by dots: <c>fleet.0.scheduler.use</c>. A key that has a dot stands in double quotes:
/// <c>models."llama-3.1".precision</c>.
/// </summary>
internal static class DocumentPath
{
    public static string Join(string path, string key)
    {
        string segment = NeedsQuotes(key) ? $"\"{key}\"" : key;
        return path.Length == 0 ? segment : path + "." + segment;
    }

    public static string Join(string path, int index) => path.Length == 0 ? Numbers.Text(index) : path + "." + Numbers.Text(index);

    /// <summary>Splits a path; <paramref name="flag"/> opens the error's sentence.</summary>
    /// <exception cref="InputException">An empty segment or an open quote.</exception>
    public static IReadOnlyList<string> Split(string path, string flag)
    {
        var segments = new List<string>();
        var segment = new StringBuilder();
        int at = 0;
        while (true)
        {
            bool quoted = at < path.Length && path[at] == '"';
            int end = quoted ? path.IndexOf('"', at + 1) : path.IndexOf('.', at);
            if (quoted && end < 0) throw new InputException($"{flag}: the quote in path '{Quantities.Shorten(path)}' is not closed");
            segment.Clear().Append(quoted ? path.AsSpan(at + 1, end - at - 1) : path.AsSpan(at, (end < 0 ? path.Length : end) - at));
            at = quoted ? end + 1 : end < 0 ? path.Length : end;
            if (segment.Length == 0 && !quoted)
            {
                throw new InputException(
                    $"{flag}: the path '{Quantities.Shorten(path)}' has an empty part; "
                    + "write keys joined by single dots, such as fleet.0.device");
            }
            segments.Add(segment.ToString());
            if (at == path.Length) return segments;
            if (path[at] != '.') throw new InputException($"{flag}: a dot is missing after the quote in path '{Quantities.Shorten(path)}'");
            at++;
        }
    }

    private static bool NeedsQuotes(string key) => key.Length == 0 || key.Contains('.', StringComparison.Ordinal);
}
