using Orrery.Documents;
using Orrery.Documents.Expectations;
using Orrery.Kernel;
using Orrery.Lab.Claims;

namespace Orrery.Lab.Tests.Claims;

public sealed class GridExpressionTests
{
    /// <summary>Rows are 1 and 2 gpus, columns batches of 1, 4 and 16.</summary>
    private static readonly ClaimGrid Grid = new(
    [
        new("gpus", new("fleet.0.tensor", Nodes("1", "2"), [1, 2])),
        new("batch", new("fleet.0.scheduler.maxBatchSize", Nodes("1", "4", "16"), [1, 4, 16])),
    ]);

    private static readonly Dictionary<string, double[]> Tables = new()
    {
        ["old"] = [10, 30, 20, /**/ 12, 40, 38],
        ["new"] = [20, 50, 60, /**/ double.NaN, double.NaN, double.NaN],
        ["big"] = [20, 50, 60, /**/ 30, 64, 80],
        ["none"] = [double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN],
    };

    private static readonly ExpressionScope Scope = new([.. Tables.Keys], true, null, HasGoals: false, HasWindow: false, IsPlot: false, Grid);

    [Theory]
    [InlineData("best(goodput(old))", 40)]
    [InlineData("worst(goodput(new))", 20)]
    [InlineData("best(goodput(big) / goodput(old))", 3)]
    [InlineData("carried(goodput, old, big)", 64)]
    [InlineData("100 * (best(goodput(big)) / carried(goodput, old, big) - 1)", 25)]
    [InlineData("carried(1 / goodput, old, big)", 1.0 / 20)]
    [InlineData("carried(goodput, new, old)", 20)]
    [InlineData("carried(goodput, old, new)", double.NaN)]
    [InlineData("carried(goodput, none, old)", double.NaN)]
    [InlineData("argmax(gpus, goodput, old)", 2)]
    [InlineData("argmax(batch, goodput, old)", 4)]
    [InlineData("argmax(batch, goodput, new)", 16)]
    [InlineData("argmax(batch, 1, old)", 1)]
    [InlineData("argmax(gpus, goodput, none)", double.NaN)]
    [InlineData("interior(batch, goodput, old)", 1)]
    [InlineData("interior(batch, goodput, big)", 0)]
    [InlineData("interior(gpus, goodput, old)", 0)]
    [InlineData("interior(batch, goodput, none)", double.NaN)]
    [InlineData("rise(batch, goodput, old)", 20.0 / 30)]
    [InlineData("rise(batch, goodput, new)", 1.2)]
    [InlineData("rise(gpus, goodput, old)", 1.2)]
    [InlineData("rise(gpus, goodput, new)", double.NaN)]
    [InlineData("knee(batch, goodput, old, 0.9)", double.PositiveInfinity)]
    [InlineData("knee(batch, goodput, old, 0.6)", 4)]
    [InlineData("knee(batch, goodput, big, 0.8)", 4)]
    [InlineData("knee(batch, goodput, big, 0.9)", 16)]
    public void A_form_reads_the_whole_table(string text, double expected) =>
        Assert.Equal(expected, Parse(text, Scope).Evaluate(new(new Figures(), 0)), 12);

    [Theory]
    [InlineData("carried(goodput(old), old, new)", "within a form over the grid metrics name no cell")]
    [InlineData("carried(goodput, old, newer)", "did you mean 'new'")]
    [InlineData("carried(goodput, old)", "stands where ',' should stand")]
    [InlineData("argmax(bach, goodput, old)", "did you mean 'batch'")]
    [InlineData("argmax(3, goodput, old)", "the name of an axis")]
    [InlineData("knee(batch, goodput, old, 2)", "a share above 0")]
    [InlineData("knee(batch, goodput, old)", "stands where ',' should stand")]
    [InlineData("carried(rise(batch, goodput, old), old, new)", "one figure of the whole grid")]
    [InlineData("best(argmax(batch, goodput, old))", "within another form")]
    [InlineData("at(goodput(old), 2)", "reads along a sweep")]
    [InlineData("largest(goodput(old) > 2)", "write one of best, worst, carried")]
    [InlineData("goodput(old)", "within one of best, worst, carried")]
    [InlineData("carryed(goodput, old, new)", "did you mean 'carried'")]
    public void A_mistake_is_told(string text, string part)
    {
        var mistake = Assert.Throws<InputException>(() => Parse(text, Scope));
        Assert.StartsWith("f.yaml:1:", mistake.Message, StringComparison.Ordinal);
        Assert.Contains(part, mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_have_no_order_and_a_form_needs_a_grid()
    {
        ClaimGrid names = new([new("which", new("router", Nodes("a", "b"), null))]);
        Assert.Contains("names and no order", Assert.Throws<InputException>(() => Parse("argmax(which, goodput, old)", Scope with { Grid = names })).Message, StringComparison.Ordinal);
        Assert.Contains("needs a grid", Assert.Throws<InputException>(() => Parse("carried(goodput, old, new)", Scope with { Grid = null })).Message, StringComparison.Ordinal);
        Assert.Contains("a plot needs one for every point", Assert.Throws<InputException>(() => Parse("carried(goodput, old, new)", Scope with { IsPlot = true })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_axis_changes_fastest_and_lines_run_along_their_axis()
    {
        Assert.Equal(6, Grid.Points);
        Assert.Equal("gpus 2, batch 4", Grid.Describe(4));
        Assert.Equal([[0, 3], [1, 4], [2, 5]], Grid.Lines(0));
        Assert.Equal([[0, 1, 2], [3, 4, 5]], Grid.Lines(1));
    }

    private static Node[] Nodes(params string[] texts) => [.. texts.Select(Node.Plain)];

    private static Expression Parse(string text, ExpressionScope scope) => ExpressionParser.Parse(Document.Parse($"v: \"{text}\"", "f.yaml")["v"]!, scope);

    private sealed class Figures : IClaimFigures
    {
        public IReadOnlyList<double> Points => [0, 1, 2, 3, 4, 5];

        public ClaimGrid? Grid => GridExpressionTests.Grid;

        public double Metric(string cell, int point, Statistic statistic, MetricInfo metric) => Tables[cell][point];

        public double Capacity(string cell, int point) => double.NaN;

        public double Service(string cell, int point, int client) => double.NaN;
    }
}
