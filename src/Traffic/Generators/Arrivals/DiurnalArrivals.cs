using Orrery.Kernel.Random;

namespace Orrery.Traffic.Generators.Arrivals;

/// <summary>
/// Day and night: a Poisson process whose rate follows the hour, drawn by thinning (Lewis and Shedler 1979): candidates come at the
/// highest rate and are kept
/// with probability rate(t)/highest. Between the middles of hours the factor is interpolated, so there are no steps.
/// </summary>
public sealed record DiurnalArrivals : IArrivalProcess
{
    public const int HoursPerDay = 24;

    private const double SecondsPerHour = 3600;

    private readonly double[] _factors;

    /// <param name="ratePerSecond">Mean over a day.</param>
    /// <param name="factors">24 relative rates, one per hour; scaled to mean 1.</param>
    /// <param name="startHour">Hour of the day at which the traffic starts.</param>
    public DiurnalArrivals(double ratePerSecond, IReadOnlyList<double> factors, double startHour = 0)
    {
        double mean = factors.Average();
        RatePerSecond = ratePerSecond;
        _factors = [.. factors.Select(f => f / mean)];
        StartHour = startHour;
    }

    public double RatePerSecond { get; init; }

    public double StartHour { get; }

    public IReadOnlyList<double> Factors => _factors;

    /// <summary>
    /// A sine through the day: 1 + (peak − 1)·cos(2π (hour − peakHour)/24); <paramref name="peakToMean"/> between 1 and 2.
    /// </summary>
    public static DiurnalArrivals Sine(double ratePerSecond, double peakToMean, double peakHour, double startHour = 0) => new(
        ratePerSecond,
        [.. Enumerable.Range(0, HoursPerDay).Select(hour =>
            1 + ((peakToMean - 1) * Math.Cos(2 * Math.PI * (hour + 0.5 - peakHour) / HoursPerDay)))],
        startHour);

    public IArrivalProcess AtRate(double ratePerSecond) => this with { RatePerSecond = ratePerSecond };

    /// <summary>Relative rate at a time of the traffic.</summary>
    public double FactorAt(double seconds)
    {
        double middle = StartHour + (seconds / SecondsPerHour) - 0.5;
        double floor = Math.Floor(middle);
        int hour = (int)(((long)floor % HoursPerDay) + HoursPerDay) % HoursPerDay;
        double share = middle - floor;
        return (_factors[hour] * (1 - share)) + (_factors[(hour + 1) % HoursPerDay] * share);
    }

    public ArrivalClock Start(RandomStream random) => new Clock(this, _factors.Max(), random);

    private sealed class Clock(DiurnalArrivals process, double highest, RandomStream random) : ArrivalClock
    {
        private readonly double _candidateSeconds = 1 / (process.RatePerSecond * highest);
        private double _now;

        public override double Next()
        {
            do
            {
                _now -= Math.Log(random.NextPositive()) * _candidateSeconds;
            }
            while (random.NextDouble() * highest >= process.FactorAt(_now));
            return _now;
        }
    }
}
