using Orrery.Kernel.Random;
using Oracle = MathNet.Numerics.Distributions;

namespace Orrery.Kernel.Tests.Random;

/// <summary>Samples against distribution functions (own and an independent library's): Kolmogorov-Smirnov with fixed seeds.</summary>
public class DistributionTests
{
    private const int Samples = 20_000;

    /// <summary>√n·D beyond this happens once in 10,000 for a right sampler: sqrt(ln(2/1e-4)/2). The seeds are fixed, so a pass stays a
    /// pass.</summary>
    private const double Limit = 2.2253;

    public static TheoryData<string> Names => [.. Cases.Keys];

    private static readonly Dictionary<string, (ICumulative Own, Func<double, double>? Oracle, double Mean)> Cases = new()
    {
        ["uniform"] = (new Uniform(2, 5), x => Oracle.ContinuousUniform.CDF(2, 5, x), 3.5),
        ["exponential"] = (new Exponential(0.25), x => Oracle.Exponential.CDF(4, x), 0.25),
        ["exponential by rate"] = (Exponential.FromRate(4), x => Oracle.Exponential.CDF(4, x), 0.25),
        ["gamma, bursty"] = (new Gamma(0.2, 3), x => Oracle.Gamma.CDF(0.2, 1 / 3.0, x), 0.6),
        ["gamma, smooth"] = (new Gamma(7.5, 0.1), x => Oracle.Gamma.CDF(7.5, 10, x), 0.75),
        ["gamma by cv"] = (Gamma.FromMeanAndCv(2, 0.5), x => Oracle.Gamma.CDF(4, 2, x), 2),
        ["normal"] = (new Normal(-3, 2), x => Oracle.Normal.CDF(-3, 2, x), -3),
        ["log-normal"] = (new LogNormal(1, 0.8), x => Oracle.LogNormal.CDF(1, 0.8, x), Math.Exp(1.32)),
        ["log-normal by median"] = (LogNormal.FromMedianSigma(512, 0.8), x => Oracle.LogNormal.CDF(Math.Log(512), 0.8, x), 512 * Math.Exp(0.32)),
        ["log-normal by cv"] = (LogNormal.FromMeanAndCv(10, 2), null, 10),
        ["weibull, bursty"] = (new Weibull(0.6, 2), x => Oracle.Weibull.CDF(0.6, 2, x), new Oracle.Weibull(0.6, 2).Mean),
        ["weibull by cv"] = (Weibull.FromMeanAndCv(2, 1), x => Oracle.Exponential.CDF(0.5, x), 2),
        ["pareto"] = (new Pareto(2.5, 3), x => Oracle.Pareto.CDF(3, 2.5, x), 5),
        ["truncated normal"] = (new TruncatedNormal(0, 1, -0.5, 2), x => (Oracle.Normal.CDF(0, 1, x) - Oracle.Normal.CDF(0, 1, -0.5)) / (Oracle.Normal.CDF(0, 1, 2) - Oracle.Normal.CDF(0, 1, -0.5)), 0.44574378),
        ["truncated normal, far tail"] = (new TruncatedNormal(0, 1, 10, double.PositiveInfinity), null, 10.0981),
        ["quantiles"] = (new EmpiricalQuantiles([(0, 1), (0.5, 10), (0.9, 100), (1, 1000)]), null, (0.5 * 9 / Math.Log(10)) + (0.4 * 90 / Math.Log(10)) + (0.1 * 900 / Math.Log(10))),
        ["hyperexponential"] = (Mixture.Hyperexponential((0.3, 10), (0.7, 1)), x => (0.3 * Oracle.Exponential.CDF(0.1, x)) + (0.7 * Oracle.Exponential.CDF(1, x)), 3.7),
        ["mixture"] = (new Mixture([(3, new Uniform(0, 1)), (1, new Normal(5, 1))]), null, 1.625),
        ["truncated"] = (new Truncated(new Exponential(1), 0.5, 2), null, MeanOfTruncatedExponential(0.5, 2)),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void SamplesFollowTheDistributionFunction(string name)
    {
        (ICumulative own, Func<double, double>? oracle, _) = Cases[name];
        double[] samples = Draw(own, seed: 20);
        Assert.True(Distance(samples, own.Cdf) < Limit, $"own distribution function: {Distance(samples, own.Cdf)}");
        if (oracle is not null)
            Assert.True(Distance(samples, oracle) < Limit, $"independent distribution function: {Distance(samples, oracle)}");
        // The library's own exponential differences carry an error of about 1e-8.
        if (oracle is not null) Assert.All(samples.Take(200), x => Assert.Equal(oracle(x), own.Cdf(x), 3e-8));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TheStatedMeanIsTheMean(string name)
    {
        (ICumulative own, _, double mean) = Cases[name];
        Assert.Equal(mean, own.Mean, Math.Abs(mean) * 2e-5);
        double[] samples = Draw(own, seed: 21);
        double error = Math.Sqrt(samples.Sum(x => (x - own.Mean) * (x - own.Mean)) / Samples / Samples);
        // Five standard errors: once in 1.7 million for light tails.
        Assert.True(Math.Abs(samples.Average() - own.Mean) < 5 * error, $"{samples.Average()} for {own.Mean}");
    }

    [Theory]
    [InlineData(1, 1.2)]
    [InlineData(10, 0.5)]
    [InlineData(50, 1.0)]
    [InlineData(1000, 1.3)]
    [InlineData(20, 4.0)]
    public void ZipfRanksHaveTheirProbabilities(int count, double exponent)
    {
        var zipf = new Zipf(count, exponent);
        double[] weights = [.. Enumerable.Range(1, count).Select(k => Math.Pow(k, -exponent))];
        double total = weights.Sum();
        Assert.Equal(weights.Select((w, i) => w * (i + 1)).Sum() / total, zipf.Mean, 1e-9 * zipf.Mean);
        RandomStream random = RandomStream.Root(5).Split("zipf");
        int[] hits = new int[count + 1];
        for (int i = 0; i < 100_000; i++) hits[zipf.SampleRank(random)]++;
        for (int k = 1; k <= Math.Min(count, 30); k++)
        {
            double p = weights[k - 1] / total;
            // Five standard errors and one: about one false alarm in 10,000 over all cases.
            Assert.InRange(hits[k], (100_000 * p) - (5 * Math.Sqrt(100_000 * p * (1 - p))) - 1, (100_000 * p) + (5 * Math.Sqrt(100_000 * p * (1 - p))) + 1);
            Assert.Equal(weights.Take(k).Sum() / total, zipf.Cdf(k), 1e-9);
        }
    }

    [Fact]
    public void ZipfOverBillionsOfRanksStaysInRange()
    {
        var zipf = new Zipf(4_000_000_000, 1.01);
        RandomStream random = RandomStream.Root(6).Split("zipf");
        for (int i = 0; i < 10_000; i++) Assert.InRange(zipf.SampleRank(random), 1, 4_000_000_000);
        Assert.Equal(1, zipf.Cdf(4e9));
    }

    [Fact]
    public void HyperexponentialHasItsMomentsByConstruction()
    {
        Mixture mixture = Mixture.HyperexponentialFromMeanAndCv(3, 2);
        Assert.Equal(3, mixture.Mean, 1e-12);
        double[] samples = Draw(mixture, seed: 22, count: 200_000);
        double mean = samples.Average();
        double cv = Math.Sqrt(samples.Average(x => (x - mean) * (x - mean))) / mean;
        Assert.Equal(2, cv, 0.05);
    }

    [Fact]
    public void ClampedMeansAreTheIntegralOfTheTail()
    {
        // Exponential(1) clamped to [a, b]: a + e^-a − e^-b.
        Assert.Equal(0.5 + Math.Exp(-0.5) - Math.Exp(-3), new Clamped(new Exponential(1), 0.5, 3).Mean, 1e-7);
        var prompt = new Clamped(LogNormal.FromMedianSigma(512, 0.8), 16, 2048);
        double[] samples = Draw(prompt, seed: 23);
        Assert.All(samples, x => Assert.InRange(x, 16, 2048));
        Assert.Equal(prompt.Mean, samples.Average(), 0.02 * prompt.Mean);
        Assert.Equal(7, new Clamped(new Exponential(1), 7, 7).Mean);
    }

    [Fact]
    public void LogNormalHitsItsMedianAndNinetiethPercentile()
    {
        LogNormal distribution = LogNormal.FromMedianP90(100, 900);
        Assert.Equal(0.5, distribution.Cdf(100), 1e-12);
        Assert.Equal(0.9, distribution.Cdf(900), 1e-12);
    }

    [Fact]
    public void WeibullHasTheAskedVariation()
    {
        Weibull distribution = Weibull.FromMeanAndCv(10, 3);
        var oracle = new Oracle.Weibull(distribution.Shape, distribution.Scale);
        Assert.Equal(10, oracle.Mean, 1e-8);
        Assert.Equal(3, oracle.StdDev / oracle.Mean, 1e-8);
    }

    [Fact]
    public void QuantilePointsAreHitAndInvert()
    {
        var distribution = new EmpiricalQuantiles([(0.1, 0), (0.5, 4), (0.9, 64)]);
        Assert.Equal(0, distribution.Quantile(0));
        Assert.Equal(2, distribution.Quantile(0.3), 1e-12);
        Assert.Equal(16, distribution.Quantile(0.7), 1e-12);
        Assert.Equal(64, distribution.Quantile(1));
        foreach (double p in (double[])[0.2, 0.5, 0.61, 0.85]) Assert.Equal(p, distribution.Cdf(distribution.Quantile(p)), 1e-12);
    }

    [Fact]
    public void BadParametersAreExplainedInOneSentence()
    {
        InputException error = Assert.Throws<InputException>(() => new Exponential(-3));
        Assert.Equal("exponential distribution: mean is -3; give a positive number", error.Message);
        Assert.Throws<InputException>(() => new Uniform(2, 2));
        Assert.Throws<InputException>(() => new Gamma(0, 1));
        Assert.Throws<InputException>(() => LogNormal.FromMedianP90(10, 5));
        Assert.Throws<InputException>(() => new Zipf(0, 1));
        Assert.Throws<InputException>(() => new EmpiricalQuantiles([]));
        Assert.Throws<InputException>(() => new EmpiricalQuantiles([(0.5, 2), (0.4, 3)]));
        Assert.Throws<InputException>(() => new EmpiricalQuantiles([(0.5, 2), (0.6, 1)]));
        Assert.Throws<InputException>(() => new Mixture([(0, new Constant(1))]));
        Assert.Throws<InputException>(() => new Truncated(new Exponential(1), 50, 60));
        Assert.Throws<InputException>(() => new Weibull(double.NaN, 1));
        Assert.Throws<InputException>(() => Mixture.HyperexponentialFromMeanAndCv(1, 0.5));
    }

    private static double MeanOfTruncatedExponential(double a, double b) =>
        (((a + 1) * Math.Exp(-a)) - ((b + 1) * Math.Exp(-b))) / (Math.Exp(-a) - Math.Exp(-b));

    private static double[] Draw(ICumulative distribution, ulong seed, int count = Samples)
    {
        RandomStream random = RandomStream.Root(seed).Split("samples");
        double[] samples = new double[count];
        for (int i = 0; i < count; i++) samples[i] = distribution.Sample(random);
        return samples;
    }

    private static double Distance(double[] samples, Func<double, double> cdf)
    {
        double[] sorted = [.. samples];
        Array.Sort(sorted);
        double worst = 0;
        for (int i = 0; i < sorted.Length; i++)
        {
            double p = cdf(sorted[i]);
            worst = Math.Max(worst, Math.Max(p - ((double)i / sorted.Length), ((i + 1.0) / sorted.Length) - p));
        }
        return worst * Math.Sqrt(sorted.Length);
    }
}
