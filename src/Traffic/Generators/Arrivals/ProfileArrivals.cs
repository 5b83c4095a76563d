using Orrery.Kernel.Random;

namespace Orrery.Traffic.Generators.Arrivals;

/// <summary>
/// A rate that changes from window to window, and a gap family within: the renewal process runs in operational time Λ(t) = ∫ rate, so
/// that a gap that crosses
/// into another window stretches or shrinks there. With exponential gaps this is exactly the non-homogeneous Poisson process. The
/// profile repeats.
/// </summary>
public sealed record ProfileArrivals : IArrivalProcess
{
    private readonly double[] _factors;

    /// <param name="ratePerSecond">Mean over one period.</param>
    /// <param name="windowSeconds">Length of a window.</param>
    /// <param name="factors">Relative rate of each window; scaled to mean 1; at least one is positive.</param>
    /// <param name="family">Gap family within the windows.</param>
    /// <param name="cv">Its coefficient of variation.</param>
    public ProfileArrivals(double ratePerSecond, double windowSeconds, IReadOnlyList<double> factors,
        GapFamily family = GapFamily.Exponential, double cv = 1)
    {
        double mean = factors.Average();
        RatePerSecond = ratePerSecond;
        WindowSeconds = windowSeconds;
        _factors = [.. factors.Select(f => f / mean)];
        Family = family;
        Cv = cv;
    }

    public double RatePerSecond { get; init; }

    public double WindowSeconds { get; }

    public GapFamily Family { get; }

    public double Cv { get; }

    public IReadOnlyList<double> Factors => _factors;

    public IArrivalProcess AtRate(double ratePerSecond) => this with { RatePerSecond = ratePerSecond };

    public ArrivalClock Start(RandomStream random) => new Clock(this, random);

    private sealed class Clock(ProfileArrivals process, RandomStream random) : ArrivalClock
    {
        private readonly IDistribution _gaps = UnitGaps.Of(process.Family, process.Cv);
        private readonly double[] _factors = process._factors;
        private long _window;
        private double _offset;

        public override double Next()
        {
            double need = _gaps.Sample(random);
            while (true)
            {
                double rate = process.RatePerSecond * _factors[_window % _factors.Length];
                double left = process.WindowSeconds - _offset;
                if (need <= rate * left && rate > 0)
                {
                    _offset += need / rate;
                    return (_window * process.WindowSeconds) + _offset;
                }
                need -= rate * left;
                _window++;
                _offset = 0;
            }
        }
    }
}
