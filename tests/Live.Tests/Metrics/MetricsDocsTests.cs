using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Orrery.Live.Metrics;
using Orrery.Serving.Exposition;

namespace Orrery.Live.Tests.Metrics;

/// <summary>The documentation names exactly what is written, and the dashboard asks for nothing else. <c>UPDATE_GOLDEN=1</c> writes the tables anew.</summary>
public sealed partial class MetricsDocsTests
{
    private const string Docs = "docs/metrics.md";

    private static readonly (string Marker, IReadOnlyList<MetricFamily> Families)[] Tables =
    [
        ("vllm", [.. ServingExposition.Families.Where(family => family.Name.StartsWith("vllm:", StringComparison.Ordinal))]),
        ("orrery", [.. ServingExposition.Families.Where(family => !family.Name.StartsWith("vllm:", StringComparison.Ordinal))]),
        ("server", MetricsPage.Families),
    ];

    [Fact]
    public void TheTablesSayWhatIsWritten()
    {
        string path = Path.Combine(Root(), Docs);
        string text = File.ReadAllText(path);
        string right = text;
        foreach ((string marker, IReadOnlyList<MetricFamily> families) in Tables)
        {
            string table = "| name | type | unit | labels | meaning |\n|---|---|---|---|---|\n" + string.Concat(families.Select(Row));
            right = Regex.Replace(right, $"(<!-- {marker} -->\n).*?(<!-- end -->)", match => match.Groups[1].Value + table + match.Groups[2].Value, RegexOptions.Singleline);
            Assert.Contains(table, right, StringComparison.Ordinal);
        }
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") File.WriteAllText(path, right);
        else Assert.Equal(right, text);
    }

    [Fact]
    public void EveryNameInTheDocsExists() => Assert.Empty(NamesIn(File.ReadAllText(Path.Combine(Root(), Docs))).Except(Written()));

    [Fact]
    public void TheDashboardAsksForWhatIsWritten()
    {
        string text = File.ReadAllText(Path.Combine(Root(), "docs/grafana-orrery.json"));
        using JsonDocument dashboard = JsonDocument.Parse(text);
        string[] asked = [.. NamesIn(text)];
        Assert.Empty(asked.Except(Written()));
        Assert.True(asked.Length >= 25, $"{asked.Length} metrics are on the dashboard");
        HashSet<int> ids = [];
        HashSet<(int, int)> places = [];
        foreach (JsonElement panel in dashboard.RootElement.GetProperty("panels").EnumerateArray())
        {
            Assert.True(ids.Add(panel.GetProperty("id").GetInt32()));
            JsonElement place = panel.GetProperty("gridPos");
            Assert.True(places.Add((place.GetProperty("x").GetInt32(), place.GetProperty("y").GetInt32())));
            Assert.InRange(place.GetProperty("x").GetInt32() + place.GetProperty("w").GetInt32(), 1, 24);
            if (panel.GetProperty("type").GetString() == "row") continue;
            Assert.NotEqual(0, panel.GetProperty("targets").GetArrayLength());
            foreach (JsonElement target in panel.GetProperty("targets").EnumerateArray()) CheckQuery(target.GetProperty("expr").GetString()!);
        }
    }

    /// <summary>Counters are asked for as rates or sums, buckets as quantiles or heat maps, and brackets close.</summary>
    private static void CheckQuery(string query)
    {
        Assert.Equal(query.Count(c => c == '('), query.Count(c => c == ')'));
        Assert.Equal(query.Count(c => c == '{'), query.Count(c => c == '}'));
        Dictionary<string, MetricKind> kinds = Tables.SelectMany(table => table.Families).ToDictionary(family => family.Name, family => family.Kind, StringComparer.Ordinal);
        foreach (string name in NamesIn(query))
        {
            if (kinds[name] == MetricKind.Gauge) Assert.DoesNotContain($"rate({name}", query, StringComparison.Ordinal);
            else Assert.Matches($@"(rate|increase)\({name}(_bucket|_sum|_count)?[{{\[]", query);
            if (kinds[name] == MetricKind.Histogram) Assert.Matches($"{name}(_bucket|_sum|_count)", query);
        }
    }

    private static IEnumerable<string> Written() => Tables.SelectMany(table => table.Families).Select(family => family.Name);

    /// <summary>Names of metrics in a text, those of a histogram's parts as the histogram.</summary>
    private static IEnumerable<string> NamesIn(string text)
    {
        HashSet<string> written = [.. Written()];
        return Names().Matches(text).Select(match => match.Value).Select(name => written.Contains(name) ? name : Part().Replace(name, "")).Distinct();
    }

    private static string Row(MetricFamily family)
    {
        string kind = family.Kind switch
        {
            MetricKind.Counter => "counter",
            MetricKind.Gauge => "gauge",
            _ => "histogram",
        };
        return $"| `{family.Name}` | {kind} | {family.Unit} | {family.Labels} | {family.Help} |\n";
    }

    private static string Root([CallerFilePath] string here = "")
    {
        foreach (string start in (string[])[here, AppContext.BaseDirectory])
            for (string? folder = Path.GetDirectoryName(start); folder is not null; folder = Path.GetDirectoryName(folder))
                if (File.Exists(Path.Combine(folder, "Orrery.slnx"))) return folder;
        throw new InvalidOperationException("no Orrery.slnx above this test");
    }

    [GeneratedRegex(@"\b(vllm:|orrery:|process_)[a-z][a-z0-9_]*")]
    private static partial Regex Names();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Part();
}
