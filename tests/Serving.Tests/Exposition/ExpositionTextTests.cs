using Orrery.Serving.Exposition;

namespace Orrery.Serving.Tests.Exposition;

public sealed class ExpositionTextTests
{
    private static readonly MetricFamily Gauge = new("orrery:things", MetricKind.Gauge, "", "", "Things\nwith a back\\slash and \"quotes\"");

    [Fact]
    public void FamiliesHaveHelpTypeAndSamples()
    {
        ExpositionText text = new();
        text.Begin(Gauge);
        text.Sample("", 3);
        text.Sample(ExpositionText.Labels(("a", "x\\y\"z\nw"), ("b", "é")), 0.1);
        text.Sample(ExpositionText.Labels(("a", "")), double.PositiveInfinity);
        Assert.Equal(
            "# HELP orrery:things Things\\nwith a back\\\\slash and \"quotes\"\n# TYPE orrery:things gauge\norrery:things 3\n"
            + "orrery:things{a=\"x\\\\y\\\"z\\nw\",b=\"é\"} 0.1\norrery:things{a=\"\"} +Inf\n",
            text.ToString());
        Assert.Equal("x\\y\"z\nw", Prom.Parse(text.ToString()).Samples[1].Labels["a"]);
    }

    [Fact]
    public void AFamilyStandsOnAPageOnce()
    {
        ExpositionText text = new();
        text.Begin(Gauge);
        Assert.Contains("orrery:things", Assert.Throws<InvalidOperationException>(() => text.Begin(Gauge)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => new ExpositionText().Sample("", 1));
    }

    [Fact]
    public void BucketsHoldTheirUpperEdgeAndSumsAreExact()
    {
        BucketHistogram histogram = new(BucketEdges.TimeToFirstToken);
        histogram.Add(1_000_000);
        histogram.Add(1_000_001, 2);
        histogram.Add(3_000_000_000_000);
        histogram.Add(0);
        Assert.Equal(5, histogram.Count);
        Assert.Equal(2, histogram.Counts[0]);
        Assert.Equal(2, histogram.Counts[1]);
        Assert.Equal(1, histogram.Counts[^1]);
        Assert.Equal(3000.003000002, histogram.Sum);
        ExpositionText text = new();
        text.Begin(new("orrery:times_seconds", MetricKind.Histogram, "seconds", "", "Times"));
        text.Sample("", histogram);
        Prom page = Prom.Parse(text.ToString());
        Assert.Equal(2, page.Value("orrery:times_seconds_bucket", ("le", "0.001")));
        Assert.Equal(4, page.Value("orrery:times_seconds_bucket", ("le", "2560")));
        Assert.Equal(5, page.Value("orrery:times_seconds_bucket", ("le", "+Inf")));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 3)]
    [InlineData(4096, 11)]
    [InlineData(5000, 12)]
    public void EdgesOfTokensEndAtTheLongestSequence(int longest, int edges) =>
        Assert.Equal(edges + 1, new BucketHistogram(BucketEdges.RequestTokens(longest)).Counts.Length);
}
