using Orrery.Kernel.Random;

namespace Orrery.Traffic.Generators.Arrivals;

/// <summary>
/// Independent gaps of one family. Exponential gaps make a Poisson process, constant gaps a metronome, gamma gaps of a CV the bursts
/// that papers use.
/// </summary>
public sealed record RenewalArrivals(double RatePerSecond, GapFamily Family = GapFamily.Exponential, double Cv = 1) : IArrivalProcess
{
    public IArrivalProcess AtRate(double ratePerSecond) => this with { RatePerSecond = ratePerSecond };

    public ArrivalClock Start(RandomStream random) => new Clock(UnitGaps.Of(Family, Cv), 1 / RatePerSecond, random);

    private sealed class Clock(IDistribution gaps, double meanSeconds, RandomStream random) : ArrivalClock
    {
        private double _now;

        public override double Next() => _now += gaps.Sample(random) * meanSeconds;
    }
}
