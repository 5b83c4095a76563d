using Orrery.Kernel.Random;

namespace Orrery.Traffic.Generators.Arrivals;

/// <summary>When requests arrive: data only. <see cref="Start"/> makes the clock that draws.</summary>
public interface IArrivalProcess
{
    /// <summary>Long-run mean arrivals per second.</summary>
    double RatePerSecond { get; }

    /// <summary>The same process at another mean rate: shape, burstiness and time structure stay.</summary>
    IArrivalProcess AtRate(double ratePerSecond);

    ArrivalClock Start(RandomStream random);
}

/// <summary>Draws the arrivals of one process, in order.</summary>
public abstract class ArrivalClock
{
    /// <summary>Seconds since the start at which the next arrival comes; never decreasing; infinite when none will come.</summary>
    public abstract double Next();
}
