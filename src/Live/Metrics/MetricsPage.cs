using System.Text;
using Orrery.Serving.Exposition;

namespace Orrery.Live.Metrics;

/// <summary>What a server shows at <c>/metrics</c>: its models, HTTP, the process and energy, with further texts such as a gateway's.</summary>
/// <param name="http">Counted by the API.</param>
/// <param name="process">The process.</param>
/// <param name="energy">Null where the machine tells nothing.</param>
public sealed class MetricsPage(HttpMetrics http, ProcessMetrics process, EnergyMeter? energy)
{
    /// <summary>Every family of this page that no fleet writes.</summary>
    public static IReadOnlyList<MetricFamily> Families { get; } = [.. HttpMetrics.Families, .. ProcessMetrics.Families, ServingExposition.Energy];

    /// <param name="texts">Expositions of others: models, upstream engines. Families that several have are merged.</param>
    public string Compose(params ReadOnlySpan<string> texts)
    {
        ExpositionText own = new();
        http.Write(own);
        process.Write(own);
        energy?.Write(own);
        return Merge([.. texts, own.ToString()]);
    }

    /// <summary>One text of several, in which each family stands once: help and type of the first that has it, then the samples of all.</summary>
    /// <remarks>Expects well-formed texts whose samples follow the <c>TYPE</c> line of their family. Samples without one stay together at the end.</remarks>
    public static string Merge(params ReadOnlySpan<string> texts)
    {
        List<(StringBuilder Head, StringBuilder Samples)> families = [];
        Dictionary<string, int> places = new(StringComparer.Ordinal);
        StringBuilder nameless = new();
        foreach (string text in texts)
        {
            StringBuilder samples = nameless;
            foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
            {
                if (line.IsEmpty) continue;
                if (NameIn(line) is not { } name)
                {
                    // A plain comment says nothing that a merged page needs.
                    if (line[0] != '#') samples.Append(line).Append('\n');
                    continue;
                }
                if (!places.TryGetValue(name, out int place))
                {
                    place = families.Count;
                    places.Add(name, place);
                    families.Add((new(), new()));
                }
                (StringBuilder head, samples) = families[place];
                if (!HasLine(head, line)) head.Append(line).Append('\n');
            }
        }
        StringBuilder page = new();
        foreach ((StringBuilder head, StringBuilder samples) in families) page.Append(head).Append(samples);
        return page.Append(nameless).ToString();
    }

    /// <summary>The family that a line of help or type is about; null for other lines.</summary>
    private static string? NameIn(ReadOnlySpan<char> line)
    {
        if (!line.StartsWith("# HELP ") && !line.StartsWith("# TYPE ")) return null;
        ReadOnlySpan<char> rest = line["# TYPE ".Length..];
        int end = rest.IndexOf(' ');
        return (end < 0 ? rest : rest[..end]).ToString();
    }

    /// <summary>True when a head has a line of this kind (help or type) already.</summary>
    private static bool HasLine(StringBuilder head, ReadOnlySpan<char> line) => head.ToString().Contains(line[.."# TYPE ".Length].ToString(), StringComparison.Ordinal);
}
