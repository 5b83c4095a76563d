using Orrery.Documents;
using Orrery.Documents.Expectations;
using Orrery.Kernel;
using Orrery.Lab.Claims;

namespace Orrery.Lab.Tests.Claims;

public sealed class ExpressionTests
{
    private static readonly ExpressionScope Plain = new(["a", "vllm-v0"], false, null, HasGoals: true, HasWindow: false, IsPlot: false);
    private static readonly ExpressionScope Swept = Plain with { HasSweep = true };

    [Theory]
    [InlineData("1 + 2 * 3", 7)]
    [InlineData("(1 + 2) * 3", 9)]
    [InlineData("10 - 2 - 3", 5)]
    [InlineData("8 / 4 / 2", 1)]
    [InlineData("-2 * -3", 6)]
    [InlineData("1e-3 + 200ms", 0.201)]
    [InlineData("min(3, 1, 2) + max(1, 5) + abs(1 - 3)", 8)]
    [InlineData("1 < 2 <= 2", 1)]
    [InlineData("1 < 2 < 2", 0)]
    [InlineData("1 < 2 and 3 > 4", 0)]
    [InlineData("1 / 0", double.NaN)]
    [InlineData("p99(gap, a)", 1)]
    [InlineData("max(gap, a) - attainment(vllm-v0)", -1)]
    [InlineData("capacity(vllm-v0) / capacity(a)", 2)]
    [InlineData("service(1, a)", 11)]
    public void A_value_is_exact(string text, double expected) => Assert.Equal(expected, Value(text, Plain), 12);

    [Theory]
    [InlineData("at(p99(gap, a), 2)", 20)]
    [InlineData("at(p99(gap, a), 3)", 30)]
    [InlineData("at(p99(gap, a), 5)", double.NaN)]
    [InlineData("best(p99(gap, a)) - worst(p99(gap, a))", 30)]
    [InlineData("largest(p99(gap, a) <= 25)", 2)]
    [InlineData("smallest(p99(gap, a) > 15)", 2)]
    [InlineData("largest(p99(gap, a) > 100)", double.NaN)]
    [InlineData("crossover(30, p99(gap, a))", 3)]
    [InlineData("crossover(25, p99(gap, a))", 2.5)]
    [InlineData("crossover(1, p99(gap, a))", double.NaN)]
    public void A_curve_is_read_where_asked(string text, double expected) => Assert.Equal(expected, Value(text, Swept), 12);

    [Theory]
    [InlineData("p99(gap, b)", "unknown cell 'b'")]
    [InlineData("p99(gap, vllm-v1)", "did you mean 'vllm-v0'")]
    [InlineData("pp99(gap, a)", "did you mean 'p99'")]
    [InlineData("p99(gaps, a)", "did you mean 'gap'")]
    [InlineData("gap(a)", "has many values")]
    [InlineData("p99(attainment, a)", "is a single number")]
    [InlineData("(1 + 2", "the expression ends where ')' should stand")]
    [InlineData("1 2", "'2' at character 3")]
    [InlineData("1 + $", "'$' at character 5")]
    [InlineData("best(p99(gap, a))", "needs a sweep")]
    [InlineData("5kg", "no number")]
    public void A_mistake_names_its_place(string text, string part)
    {
        var mistake = Assert.Throws<InputException>(() => Parse(text, Plain));
        Assert.StartsWith("f.yaml:1:", mistake.Message, StringComparison.Ordinal);
        Assert.Contains(part, mistake.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("p99(gap, a)", "within one of at, best")]
    [InlineData("best(best(p99(gap, a)))", "within another form")]
    public void A_sweep_wants_one_form_around_every_metric(string text, string part) =>
        Assert.Contains(part, Assert.Throws<InputException>(() => Parse(text, Swept)).Message, StringComparison.Ordinal);

    [Fact]
    public void What_needs_goals_or_whole_runs_says_so()
    {
        Assert.Contains("needs goals", Assert.Throws<InputException>(() => Parse("capacity(a)", Plain with { HasGoals = false })).Message, StringComparison.Ordinal);
        Assert.Contains("whole runs only", Assert.Throws<InputException>(() => Parse("busy(a)", Plain with { HasWindow = true })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plot_reads_the_cell_it_draws()
    {
        Expression y = Parse("p99(gap) + capacity + service(2)", Swept with { IsPlot = true });
        Assert.Equal(20 + 10 + 200 + 12, y.Evaluate(new(new Figures([1, 2, 4]), 1, "vllm-v0")), 12);
    }

    private static double Value(string text, ExpressionScope scope) =>
        Parse(text, scope).Evaluate(new(new Figures(scope.HasSweep ? [1, 2, 4] : [0]), 0));

    private static Expression Parse(string text, ExpressionScope scope) =>
        ExpressionParser.Parse(Document.Parse($"v: \"{text}\"", "f.yaml")["v"]!, scope);

    /// <summary>Every metric of a sweep is ten times its value; without one it is 1, and 2 for capacities of the second cell.</summary>
    private sealed class Figures(double[] points) : IClaimFigures
    {
        public IReadOnlyList<double> Points => points;

        public double Metric(string cell, int point, Statistic statistic, MetricInfo metric) =>
            points.Length > 1 ? 10 * points[point] + (cell == "vllm-v0" ? 10 : 0) : statistic == Statistic.Value ? 2 : 1;

        public double Capacity(string cell, int point) => points.Length > 1 ? 200 : cell == "a" ? 1 : 2;

        public double Service(string cell, int point, int client) => 10 + client;
    }
}
