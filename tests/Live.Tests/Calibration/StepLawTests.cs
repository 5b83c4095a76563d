using Orrery.Live.Calibration;

namespace Orrery.Live.Tests.Calibration;

/// <summary>The law of steps, fitted to times of a known formula.</summary>
public sealed class StepLawTests
{
    private static readonly StepLimits Limits = new(16, 1024, 512, 1 << 20);

    [Fact]
    public void Steps_of_a_known_formula_are_recovered_on_and_off_the_grid()
    {
        StepLaw law = StepLaw.Fit(Samples(StepGrid.Of(Limits, seed: 1)), FormulaTimer.Model);
        foreach (StepPoint point in StepGrid.Of(Limits, seed: 99))
            Assert.Equal(1, law.Seconds(point, FormulaTimer.Model) / FormulaTimer.Law.Seconds(point, FormulaTimer.Model), 2e-3);
        Assert.Equal(FormulaTimer.Law.ContextSeconds, law.ContextSeconds, 0.01 * FormulaTimer.Law.ContextSeconds);
        Assert.Equal(FormulaTimer.Law.PairSeconds, law.PairSeconds, 0.01 * FormulaTimer.Law.PairSeconds);
    }

    [Fact]
    public void A_few_steps_that_took_much_longer_move_it_little()
    {
        StepSample[] samples = [.. Samples(StepGrid.Of(Limits, seed: 1)).Select((sample, i) => i % 10 == 3 ? sample with { Seconds = 1.5 * sample.Seconds } : sample)];
        StepLaw law = StepLaw.Fit(samples, FormulaTimer.Model);
        double[] errors = [.. StepGrid.Of(Limits, seed: 99).Select(point => Math.Abs((law.Seconds(point, FormulaTimer.Model) / FormulaTimer.Law.Seconds(point, FormulaTimer.Model)) - 1))];
        Assert.InRange(errors.Average(), 0, 0.03);
    }

    [Fact]
    public void No_coefficient_is_negative_whatever_was_measured()
    {
        int turn = 0;
        StepSample[] samples = [.. Samples(StepGrid.Of(Limits, seed: 1)).Select(sample => sample with { Seconds = sample.Seconds * (turn++ % 2 == 0 ? 0.4 : 1.9) })];
        StepLaw law = StepLaw.Fit(samples, FormulaTimer.Model);
        Assert.All([.. law.Rows.Seconds, .. law.Sampled.Seconds, law.ContextSeconds, law.PairSeconds, law.KvTokenSeconds], value => Assert.True(value >= 0));
    }

    [Fact]
    public void Without_unfinished_prompts_there_is_no_fit()
    {
        StepSample[] decodes = [.. Samples([StepPoint.Decodes(1, 16), StepPoint.Decodes(2, 16)])];
        Assert.Throws<ArgumentException>(() => StepLaw.Fit(decodes, FormulaTimer.Model));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 2)]
    [InlineData(2, 3)]
    [InlineData(3, 4)]
    [InlineData(5, 6)]
    public void A_curve_is_straight_between_knots_and_beyond_the_last(int count, double seconds) =>
        Assert.Equal(seconds, new TimeCurve([1, 3], [2, 4]).At(count), 1e-12);

    internal static IReadOnlyList<StepSample> Samples(IReadOnlyList<StepPoint> points) =>
        [.. points.Select(point => new StepSample(point, FormulaTimer.Law.Seconds(point, FormulaTimer.Model), 0, 1))];
}
