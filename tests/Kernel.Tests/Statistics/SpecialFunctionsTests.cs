using MathNet.Numerics.Distributions;
using Orrery.Kernel.Statistics;
using Oracle = MathNet.Numerics.SpecialFunctions;

namespace Orrery.Kernel.Tests.Statistics;

public class SpecialFunctionsTests
{
    [Theory]
    [InlineData(1e-6)]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(1.7)]
    [InlineData(12.5)]
    [InlineData(1234.5)]
    [InlineData(1e8)]
    public void LogGammaAgrees(double x) => Close(Oracle.GammaLn(x), SpecialFunctions.LogGamma(x), 1e-12);

    [Fact]
    public void IncompleteGammaAgreesInBothTails()
    {
        foreach (double a in (double[])[0.1, 0.5, 1, 3.3, 50, 400])
        {
            foreach (double factor in (double[])[0.01, 0.5, 0.99, 1.01, 1.5, 3])
            {
                double x = a * factor;
                Close(Oracle.GammaLowerRegularized(a, x), SpecialFunctions.GammaLower(a, x), 1e-10);
                Close(Oracle.GammaUpperRegularized(a, x), SpecialFunctions.GammaUpper(a, x), 1e-10);
            }
        }
    }

    [Fact]
    public void IncompleteBetaAgrees()
    {
        foreach (double a in (double[])[0.5, 1, 4.5, 60])
        {
            foreach (double b in (double[])[0.5, 2, 33])
            {
                foreach (double x in (double[])[0, 0.01, 0.2, 0.5, 0.9, 0.999, 1])
                    Assert.Equal(Oracle.BetaRegularized(a, b, x), SpecialFunctions.BetaRegularized(a, b, x), 1e-12);
            }
        }
    }

    [Fact]
    public void NormalQuantileAndDistributionAgreeAndInvert()
    {
        foreach (double p in (double[])[1e-300, 1e-30, 1e-9, 0.001, 0.075, 0.3, 0.5, 0.8, 0.975, 0.9999, 1 - 1e-12])
        {
            double z = SpecialFunctions.NormalQuantile(p);
            if (p > 1e-15) Assert.Equal(Normal.InvCDF(0, 1, p), z, 1e-8);
            Close(p, SpecialFunctions.NormalCdf(z), 1e-11);
        }
        Assert.Equal(1.9599639845400545, SpecialFunctions.NormalQuantile(0.975), 1e-14);
    }

    [Fact]
    public void StudentQuantileAgrees()
    {
        foreach (double degrees in (double[])[1, 2, 4, 9, 31, 120, 5000])
        {
            foreach (double p in (double[])[0.0005, 0.01, 0.3, 0.5, 0.9, 0.975, 0.995])
            {
                double t = SpecialFunctions.StudentQuantile(p, degrees);
                Assert.Equal(StudentT.InvCDF(0, 1, degrees, p), t, 1e-6 * (1 + Math.Abs(t)));
                Assert.Equal(p, StudentT.CDF(0, 1, degrees, t), 1e-11);
            }
        }
        // Textbook value: 95 % with 9 degrees of freedom.
        Assert.Equal(2.262157163, SpecialFunctions.StudentQuantile(0.975, 9), 1e-8);
    }

    [Fact]
    public void ArgumentsOutsideTheDomainAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => SpecialFunctions.LogGamma(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => SpecialFunctions.GammaLower(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => SpecialFunctions.NormalQuantile(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => SpecialFunctions.StudentQuantile(0.5, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => SpecialFunctions.BetaRegularized(1, 1, 1.5));
    }

    private static void Close(double expected, double actual, double relative) =>
        Assert.True(Math.Abs(actual - expected) <= relative * Math.Max(Math.Abs(expected), double.Epsilon), $"{actual:R} for {expected:R}");
}
