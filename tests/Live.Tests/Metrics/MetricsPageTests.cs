using Orrery.Live.Metrics;
using Orrery.Serving.Exposition;

namespace Orrery.Live.Tests.Metrics;

public sealed class MetricsPageTests
{
    [Fact]
    public void TextsOfSeveralAreMergedFamilyByFamily()
    {
        string merged = MetricsPage.Merge(
            "# HELP a things of a\n# TYPE a counter\na{x=\"1\"} 1\n# HELP b_total things\n# TYPE b_total counter\nb_total 2\n",
            "",
            "loose 9\n# a comment\n# TYPE a counter\n# HELP a said otherwise\na{x=\"2\"} 3\n# HELP c last\n# TYPE c gauge\n");
        Assert.Equal("# HELP a things of a\n# TYPE a counter\na{x=\"1\"} 1\na{x=\"2\"} 3\n# HELP b_total things\n# TYPE b_total counter\nb_total 2\n# HELP c last\n# TYPE c gauge\nloose 9\n", merged);
    }

    [Fact]
    public void ThePageHasEachFamilyOnce()
    {
        HttpMetrics http = new();
        http.Begin();
        http.Begin();
        http.Refuse("queue");
        http.End("/v1/models", 200, 0, 120);
        string page = new MetricsPage(http, new(DateTimeOffset.UnixEpoch.AddSeconds(1.5)), null).Compose(new ServingExposition().ToString(), new ServingExposition().ToString());
        string[] types = [.. page.Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(line => line.Split(' ')[2])];
        Assert.Equal(ServingExposition.Families.Concat(HttpMetrics.Families).Concat(ProcessMetrics.Families).Select(family => family.Name), types);
        Assert.Contains("orrery:http_requests_total{endpoint=\"/v1/models\",status=\"200\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("orrery:http_requests_in_flight 1\n", page, StringComparison.Ordinal);
        Assert.Contains("orrery:http_requests_refused_total{reason=\"queue\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("orrery:http_response_bytes_total 120\n", page, StringComparison.Ordinal);
        Assert.Contains("process_start_time_seconds 1.5\n", page, StringComparison.Ordinal);
        Assert.Contains("orrery:gc_collections_total{generation=\"2\"}", page, StringComparison.Ordinal);
    }

    [Fact]
    public void CountsOfManyThreadsAddUpInBoundedSeries()
    {
        HttpMetrics http = new();
        Parallel.For(0, 2000, i =>
        {
            http.Begin();
            http.Refuse($"reason {i % 1000}");
            http.End("/x", 200 + (i % 3), 1, 2);
        });
        for (int i = 0; i < 2 * HttpMetrics.MostSeries; i++) http.End($"/{i}", 200, 0, 0);
        ExpositionText text = new();
        http.Write(text);
        string[] lines = text.ToString().Split('\n');
        string[] requests = [.. lines.Where(line => line.StartsWith("orrery:http_requests_total", StringComparison.Ordinal))];
        Assert.InRange(requests.Length, 3, HttpMetrics.MostSeries + 1);
        Assert.Equal(2000 + (2 * HttpMetrics.MostSeries), requests.Sum(line => long.Parse(line.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Contains("orrery:http_request_bytes_total 2000", lines);
        Assert.Contains("orrery:http_response_bytes_total 4000", lines);
    }
}
