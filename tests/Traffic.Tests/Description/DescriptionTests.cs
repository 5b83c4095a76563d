using Orrery.Testing.Traffic;
using Orrery.Traffic.Description;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Tests.Description;

public class DescriptionTests
{
    [Fact]
    public void Known_figures_of_a_small_trace()
    {
        TrafficDescription d = TrafficDescription.Of(
            new TraceBuilder().Request(1, 100, 10).Request(2, 200, 20, client: 1).Request(4, 300, 30).Build());
        Assert.Equal(3, d.Count);
        Assert.Equal(3, d.Span.Seconds);
        Assert.Equal(2 / 3.0, d.RatePerSecond, 12);
        // Gaps 1 and 2: mean 1.5, deviation 0.5.
        Assert.Equal(1 / 3.0, d.GapCv, 12);
        Assert.Equal(200, d.PromptTokens.Quantile(0.5));
        Assert.Equal([2L, 1L], d.Clients);
        Assert.Equal(2 / 3.0, d.TopClientShare(1), 12);
        Assert.Equal([1L, 1L, 0L, 1L], d.Rates.Counts.ToArray());
        // Windows of 1 s from the first arrival: 1, 1, 0 (the last is unfinished).
        Assert.Equal(1 / 3.0, d.Dispersion[0].Index, 12);
        Assert.Equal(1, d.LengthCorrelation, 9);
    }

    [Fact]
    public void Bins_double_and_keep_every_arrival()
    {
        var builder = new TraceBuilder();
        for (int i = 0; i < 3000; i++) builder.Request(i, 1, 1);
        TrafficDescription d = TrafficDescription.Of(builder.Build());
        Assert.Equal(16, d.Rates.WidthSeconds);
        long sum = 0;
        foreach (long count in d.Rates.Counts) sum += count;
        Assert.Equal(3000, sum);
    }

    [Fact]
    public void Prefix_hits_count_whole_leading_spans_and_answers()
    {
        TokenSpan a = new(1, 100), b = new(2, 50), c = new(3, 30);
        var sharing = new PrefixSharing();
        long[] hits = [.. new TraceBuilder()
            .Request(0, 150, 10, content: [a, b], outputContentId: 9)
            .Request(1, 200, 10, content: [a, b, new TokenSpan(9, 10), c])
            .Request(2, 80, 10, content: [b, c])
            .Request(3, 130, 10, content: [a, c])
            .Drain().Select(sharing.Add)];
        Assert.Equal([0, 160, 0, 100], hits);
        Assert.Equal(260.0 / 560, sharing.HitFraction, 12);
        Assert.True(sharing.IsExact);
    }

    [Fact]
    public void Plots_are_plain_text_of_the_asked_size()
    {
        double[] values = [0, 1, 2, 4, 8, 4, 2, 1];
        Assert.Equal(" ▁▂▄█▄▂▁", TextPlot.Sparkline(values));
        IReadOnlyList<string> plot = TextPlot.Braille(values, 20, 4);
        Assert.Equal(4, plot.Count);
        Assert.All(plot, line => Assert.Equal(22, line.Length));
        Assert.StartsWith("8┤", plot[0], StringComparison.Ordinal);
        Assert.DoesNotContain(plot, line => line.Contains('\u001b'));
        Assert.Equal(["a │████  80.0 %", "b │█     20.0 %"], TextPlot.Bars([("a", 8), ("b", 2)], 4));
        Assert.Equal("", TextPlot.Sparkline([]));
    }

    [Fact]
    public void Length_classes_double_and_sum_to_one()
    {
        var sketch = new Kernel.Statistics.QuantileSketch();
        foreach (int length in new[] { 1, 2, 3, 4, 5, 8, 9, 16 }) sketch.Add(length);
        IReadOnlyList<(string Label, double Weight)> classes = TextPlot.DoublingClasses(sketch);
        Assert.Equal(["1", "2", "3–4", "5–8", "9–16"], classes.Select(c => c.Label));
        Assert.Equal(1, classes.Sum(c => c.Weight), 6);
        Assert.Equal(0.25, classes[2].Weight, 6);
    }
}
