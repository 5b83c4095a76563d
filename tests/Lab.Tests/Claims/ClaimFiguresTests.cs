using Orrery.Kernel.Statistics;
using Orrery.Lab.Claims;

namespace Orrery.Lab.Tests.Claims;

public sealed class ClaimFiguresTests
{
    [Theory]
    [InlineData(0.979, 7.49e-5, "0.979 ± 0 x")]
    [InlineData(0.34, 2.11e-8, "0.34 ± 0 x")]
    [InlineData(0.979, 0.0021, "0.979 ± 0.0021 x")]
    [InlineData(1.36, 0.0055, "1.36 ± 0.0055 x")]
    [InlineData(1.36, 0.0049, "1.36 ± 0 x")]
    [InlineData(12_345.6, 0.4, "12,346 ± 0 x")]
    [InlineData(12_345.6, 78.9, "12,346 ± 79 x")]
    [InlineData(0, 0.00002, "0 ± 0.00002 x")]
    [InlineData(-0.5, 0.25, "-0.5 ± 0.25 x")]
    [InlineData(2e-12, 0, "0 ± 0 x")]
    [InlineData(3, double.PositiveInfinity, "3 x")]
    public void A_spread_that_the_digits_do_not_show_is_zero(double mean, double halfWidth, string expected) =>
        Assert.Equal(expected, ClaimFigures.Text(new ConfidenceInterval(mean, mean - halfWidth, mean + halfWidth, ConfidenceInterval.DefaultLevel), "x", "-"));

    [Fact]
    public void A_missing_figure_says_so() => Assert.Equal("-", ClaimFigures.Text(null, "x", "-"));

    [Theory]
    [InlineData(1e-5, "0.00001")]
    [InlineData(-1e-12, "0")]
    [InlineData(1e15, "1,000,000,000,000,000")]
    [InlineData(double.NaN, "-")]
    public void A_number_has_no_exponent(double value, string expected) => Assert.Equal(expected, ClaimFigures.Number(value));
}
