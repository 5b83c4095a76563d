using Orrery.Documents.Expectations;

namespace Orrery.Documents.Tests.Expectations;

public sealed class ExpectationTests
{
    private static readonly MetricInfo[] Metrics =
    [
        new("gap", Quantity.Duration, true), new("queue", Quantity.Duration, true), new("ttft", Quantity.Duration, true),
        new("attainment", Quantity.Number, false), new("rejected", Quantity.Number, false), new("outputTokensPerSecond", Quantity.Number, false),
    ];

    private static Expectation Parse(string text) => Expectation.Parse(Errors.Parse($"expect: [\"{text}\"]")["expect"]!.Items[0], Metrics);

    [Theory]
    [InlineData("p99(gap) <= 200ms", Statistic.P99, "gap", Comparison.LessOrEqual, 0.2, "p99(gap) <= 200ms")]
    [InlineData("p50( queue )<=2s", Statistic.P50, "queue", Comparison.LessOrEqual, 2, "p50(queue) <= 2s")]
    [InlineData("mean(ttft) < 1s", Statistic.Mean, "ttft", Comparison.Less, 1, "mean(ttft) < 1s")]
    [InlineData(" p999 (gap) != 0s ", Statistic.P999, "gap", Comparison.NotEqual, 0, "p999(gap) != 0s")]
    [InlineData("attainment >= 0.9", Statistic.Value, "attainment", Comparison.GreaterOrEqual, 0.9, "attainment >= 0.9")]
    [InlineData("rejected == 0", Statistic.Value, "rejected", Comparison.Equal, 0, "rejected == 0")]
    [InlineData("outputTokensPerSecond > 2000", Statistic.Value, "outputTokensPerSecond", Comparison.Greater, 2000, "outputTokensPerSecond > 2000")]
    [InlineData("count(gap) >= 10", Statistic.Count, "gap", Comparison.GreaterOrEqual, 10, "count(gap) >= 10")]
    public void Known_expressions(string text, Statistic function, string metric, Comparison comparison, double goal, string normal)
    {
        Expectation expectation = Parse(text);
        Assert.Equal((function, metric, comparison, goal), (expectation.Function, expectation.Metric.Name, expectation.Comparison, expectation.Goal));
        Assert.Equal(normal, expectation.ToString());
        Assert.Equal(expectation, Parse(expectation.ToString()));
    }

    [Theory]
    [InlineData("p99(gap)", "expected a comparison (<= < >= > == !=); write 'p99(gap) <= 200ms' or 'attainment >= 0.9'")]
    [InlineData("p99(gap) = 1s", "'=' is no comparison; write one of <= < >= > == !=")]
    [InlineData("p99(gap) =< 1s", "'=<' is no comparison; write one of <= < >= > == !=")]
    [InlineData("p98(gap) <= 1s", "unknown function 'p98'; did you mean 'p90'? Known: count, mean, std, min, p10, p25, p50, p75, p90, p95, p99, p999, … (13 in all)")]
    [InlineData("(gap) <= 1s", "unknown function ''; known: count, mean, std, min, p10, p25, p50, p75, p90, p95, p99, p999, … (13 in all)")]
    [InlineData("value(gap) <= 1s", "unknown function 'value'; known: count, mean, std, min, p10, p25, p50, p75, p90, p95, p99, p999, … (13 in all)")]
    [InlineData("p99(gp) <= 1s", "unknown metric 'gp'; did you mean 'gap'? Known: gap, queue, ttft, attainment, rejected, outputTokensPerSecond")]
    [InlineData("p99() <= 1s", "the metric is missing; write 'p99(gap) <= 200ms' or 'attainment >= 0.9'")]
    [InlineData("<= 1s", "the metric is missing; write 'p99(gap) <= 200ms' or 'attainment >= 0.9'")]
    [InlineData("p99(gap <= 1s", "the closing bracket after 'p99(gap' is missing; write 'p99(gap) <= 200ms' or 'attainment >= 0.9'")]
    [InlineData("gap <= 1s", "'gap' has many values; write which one, such as p99(gap) or mean(gap)")]
    [InlineData("p99(rejected) == 0", "'rejected' is a single number; write it without a function")]
    [InlineData("p99(gap) <= 200", "'200' has no unit; write a time such as 250ms")]
    [InlineData("p99(gap) <= ", "the value after <= is missing; write a time such as 250ms")]
    [InlineData("attainment >= 90%", "expected a number without a unit such as 0.5, not '90%'")]
    public void Wrong_expressions(string text, string sentence)
    {
        Assert.Equal("s.yaml:1:10: expect.0: " + sentence, Errors.Of(() => Parse(text)));
        Assert.Equal($"--goal '{text}': {sentence}", Errors.Of(() => Expectation.Parse(text, "--goal", Metrics)));
    }

    [Fact]
    public void Only_text_is_an_expression() =>
        Assert.Equal("s.yaml:1:4: k: expected text, not a list", Errors.Of(() => Expectation.Parse(Errors.Parse("k: [a]")["k"]!, Metrics)));

    [Theory]
    [InlineData("p99(gap) <= 200ms", 0.2, true, "p99(gap) is 200ms, expected <= 200ms")]
    [InlineData("p99(gap) <= 200ms", 0.23141234, false, "p99(gap) is 231.4ms, expected <= 200ms")]
    [InlineData("p99(gap) <= 200ms", 0.200000125, false, "p99(gap) is 200.000125ms, expected <= 200ms")]
    [InlineData("attainment >= 0.9", 0.95, true, "attainment is 0.95, expected >= 0.9")]
    [InlineData("rejected == 0", 3, false, "rejected is 3, expected == 0")]
    [InlineData("rejected != 0", 3, true, "rejected is 3, expected != 0")]
    [InlineData("mean(ttft) < 1s", 1, false, "mean(ttft) is 1s, expected < 1s")]
    [InlineData("mean(ttft) > 1s", 1, false, "mean(ttft) is 1s, expected > 1s")]
    public void Evaluation(string text, double measured, bool isMet, string sentence)
    {
        Outcome outcome = Parse(text).Evaluate((_, _) => measured);
        Assert.Equal(isMet, outcome.IsMet);
        Assert.Equal(sentence, outcome.Sentence);
    }

    [Theory]
    [InlineData("p99(gap) <= 200ms")]
    [InlineData("rejected != 0")]
    public void Without_samples_nothing_is_met(string text)
    {
        Outcome outcome = Parse(text).Evaluate((_, _) => null);
        Assert.False(outcome.IsMet);
        Assert.Contains("has no samples, expected", outcome.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void The_lookup_is_asked_for_what_the_expression_names()
    {
        (Statistic, string)? asked = null;
        Parse("p95(ttft) <= 1s").Evaluate((function, metric) =>
        {
            asked = (function, metric.Name);
            return 0;
        });
        Assert.Equal((Statistic.P95, "ttft"), asked);
    }
}
