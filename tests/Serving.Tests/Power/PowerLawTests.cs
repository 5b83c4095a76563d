using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Serving.Power;

namespace Orrery.Serving.Tests.Power;

/// <summary>Power of devices and servers by phase and clock, and what a history says of thresholds: known values and a plain count.</summary>
public sealed class PowerLawTests
{
    [Theory]
    // Of 400 W at the full clock, 63 W idle: −9 %, −7 % and −20 % of the peak (card values, d).
    [InlineData(1.275e9, 0.09)]
    [InlineData(1.305e9, 0.07)]
    [InlineData(1.110e9, 0.20)]
    public void ClocksTakeTheirShareOffThePeak(double hertz, double saving)
    {
        double watts = 63 + ((400 - 63) * new ClockLaws().PowerShare(hertz));
        Assert.Equal(saving, 1 - (watts / 400), 2);
    }

    [Fact]
    public void TheExponentFollowsFromOneMeasurement()
    {
        Assert.Equal(1.13, ClockLaws.AlphaFor(saving: 0.2, 1.11e9 / 1.41e9, idleShare: 63.0 / 400), 2);
        ClockLaws laws = new() { Alpha = ClockLaws.AlphaFor(0.3, 0.6, 0.1) };
        Assert.Equal(0.7, 0.1 + (0.9 * laws.PowerShare(0.6 * laws.FullHertz)), 12);
    }

    [Fact]
    public void PromptsFollowTheClockAndDecodesDoNotDownToTheKnee()
    {
        ClockLaws laws = new();
        Assert.Equal(new(1, 1), laws.PaceAt(2e9));
        Assert.Equal(1.41 / 1.275, laws.PaceAt(1.275e9).Prompts, 12);
        Assert.Equal(1, laws.PaceAt(1.275e9).Decodes);
        Assert.Equal(1.15 / 1.11, laws.PaceAt(1.11e9).Decodes, 12);
        Assert.Equal(1.15 / 0.288, laws.PaceAt(0.288e9).Decodes, 12);
    }

    [Fact]
    public void ServersDrawByPhase()
    {
        ServerPowerModel model = new(new());
        double full = 1.41e9;
        Assert.Equal(1500, model.Watts(ServerPhase.Idle, 0, full), 9);
        // At 102 % of the design power a little more than the rating, by the same line as idle and rated power.
        Assert.Equal(1500 + (5000 * ((0.62 * 400) - 63) / 337), model.Watts(ServerPhase.Decodes, 8, full), 9);
        Assert.Equal(1500 + (5000 * ((1.02 * 400) - 63) / 337), model.Watts(ServerPhase.Prompts, 3000, full), 9);
        Assert.Equal(1500 + (5000 * ((0.69 * 400) - 63) / 337), model.Watts(ServerPhase.Prompts, 1, full), 9);
        Assert.Equal(1500 + (5000 * ((0.705 * 400) - 63) / 337), model.Watts(ServerPhase.Prompts, 192, full), 9);
        // With a rest that stays, only the eight devices move.
        ServerPowerModel stiff = new(new() { HostSwing = 0 });
        Assert.Equal(1500 + (8 * ((0.62 * 400) - 63)), stiff.Watts(ServerPhase.Decodes, 8, full), 9);
        Assert.Equal(750_000, model.Milliwatts(ServerPhase.Idle, 0, full, servers: 0.5));
    }

    [Fact]
    public void EachModelHasItsOwnPhases()
    {
        Assert.Equal(0.43, PhasePower.Find("llama-2-70b").Share(ServerPhase.Decodes, 1));
        InputException error = Assert.Throws<InputException>(() => PhasePower.Find("llama-2-70"));
        Assert.Contains("llama-2-70b", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheLargestRiseIsThatOfAPlainCount()
    {
        RandomStream random = RandomStream.Root(3);
        for (int round = 0; round < 50; round++)
        {
            int window = 1 + random.NextInt(7);
            double[] series = [.. Enumerable.Range(0, 60).Select(_ => Math.Round(random.NextDouble(), round % 2 == 0 ? 1 : 6))];
            RiseMeter meter = new(window);
            double expected = 0;
            for (int i = 0; i < series.Length; i++)
            {
                meter.Add(series[i]);
                for (int j = Math.Max(0, i - window); j < i; j++) expected = Math.Max(expected, series[i] - series[j]);
                Assert.Equal(expected, meter.Largest);
            }
        }
    }

    [Fact]
    public void ThresholdsLeaveRoomForTheRises()
    {
        // The published rises: 11.8 % in 40 s and 9 % in 2 s give about (80, 89) (card values, c).
        RowThresholds picked = RowThresholds.From(0.118, 0.09);
        Assert.Equal(0.882, picked.Second, 12);
        Assert.Equal(0.792, picked.First, 12);
        Assert.Equal(0, RowThresholds.From(0.7, 0.5).First);
    }
}
