using Orrery.Documents;
using Orrery.Lab.Calibration;
using Orrery.World.Power;

namespace Orrery.Lab.Tests.Calibration;

public sealed class PowerFitTests
{
    private const double Idle = 95;
    private const double Limit = 700;

    private static readonly PowerShares Truth = new(Running: 0.5, Memory: 0.25, Compute: 1.4, Network: 0.6, Knee: 0.4);

    [Fact]
    public void SharesBehindExactDrawsAreFound()
    {
        PowerShares found = PowerFit.Fit(Samples(_ => 1));
        Assert.Equal(Truth.Running, found.Running, 2);
        Assert.Equal(Truth.Memory, found.Memory, 2);
        Assert.Equal(Truth.Compute, found.Compute, 2);
        // The pull towards nothing takes a little off.
        Assert.InRange(found.Network, 0.8 * Truth.Network, 1.05 * Truth.Network);
        Assert.Equal(Truth.Knee, found.Knee, 2);
    }

    [Fact]
    public void AFewPointsThatDipDoNotBendTheFit()
    {
        PowerShares found = PowerFit.Fit(Samples(i => i % 15 == 7 ? 0.5 : 1));
        Assert.InRange(found.Running, 0.45, 0.55);
        Assert.InRange(found.Compute, 1.25, 1.55);
        Assert.InRange(PowerFit.MeanError(Samples(_ => 1), found), 0, 0.03);
    }

    [Fact]
    public void TheSameSamplesGiveTheSameShares() => Assert.Equal(PowerFit.Fit(Samples(i => 1 + (0.01 * (i % 5)))), PowerFit.Fit(Samples(i => 1 + (0.01 * (i % 5)))));

    [Fact]
    public void AGroupIsPredictedFromTheOthers()
    {
        // One group draws a tenth more: in the fit its error is smaller than out of it, and the others keep theirs.
        PowerSample[] samples = [.. Samples(_ => 1).Select((s, i) => i % 4 == 0 ? s with { Group = "odd", MeasuredWatts = s.MeasuredWatts * 1.1 } : s)];
        (PowerShares _, IReadOnlyList<PowerFitError> groups) = PowerFit.FitAndLeaveOut(samples);
        PowerFitError odd = groups.Single(g => g.Model == "odd");
        Assert.InRange(odd.LeftOutError, 0.05, 0.11);
        Assert.True(odd.FitError <= odd.LeftOutError + 1e-9);
        Assert.Equal(samples.Length, groups.Sum(g => g.Rows));
    }

    [Fact]
    public void ProfilesAreWrittenAndReadBack()
    {
        PowerProfile profile = new("h100-sxm", Truth, PowerCalibration.Source, PowerCalibration.Licence, 12, 0.0712, 0.0956)
        {
            Models = [new("llama-3.1-8b", 12, 0.07, 0.09)],
        };
        string text = PowerCalibration.Write([profile]);
        PowerProfile read = PowerProfile.Read(Assert.Single(Document.Parse(text, "power.yaml").Items));
        Assert.Equal(profile.Models, read.Models);
        Assert.Equal(profile with { Models = read.Models }, read);
        Assert.Equal(text, PowerCalibration.Write([read]));
    }

    [Fact]
    public void LeastSquaresKeepsToTheBound()
    {
        // (x − 1)² + (y + 1)²: y stays at 0.
        Assert.Equal([1, 0], NonNegativeLeastSquares.Solve(new double[,] { { 1, 0 }, { 0, 1 } }, [1, -1]));
        double[] both = NonNegativeLeastSquares.Solve(new double[,] { { 2, 1 }, { 1, 3 } }, [4, 7]);
        Assert.Equal(1, both[0], 12);
        Assert.Equal(2, both[1], 12);
    }

    /// <summary>A grid of utilisations, drawn by the true shares times a factor by index.</summary>
    private static PowerSample[] Samples(Func<int, double> factor)
    {
        var samples = new List<PowerSample>();
        foreach (double busy in (double[])[0.1, 0.25, 0.5, 0.9])
            foreach (double memory in (double[])[0.1, 0.4, 0.7])
                foreach (double compute in (double[])[0.01, 0.1, 0.2])
                    foreach (double network in (double[])[0, 0.1, 0.2])
                    {
                        PowerSample sample = new($"g{samples.Count % 3}", new(busy, memory, compute, network, 0), Idle, Limit, 1);
                        samples.Add(sample with { MeasuredWatts = sample.Predict(Truth) * factor(samples.Count) });
                    }
        return [.. samples];
    }
}
