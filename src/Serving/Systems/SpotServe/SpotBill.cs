using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Elasticity;

namespace Orrery.Serving.Systems.SpotServe;

/// <summary>What the machines cost: all that run, whether they serve or not.</summary>
/// <param name="SpotHours">Machine-hours on the spot market.</param>
/// <param name="OnDemandHours">Machine-hours at the full price.</param>
public sealed record SpotBill(double SpotHours, double OnDemandHours, Money Amount)
{
    private const double SecondsPerHour = 3600;

    /// <summary>The bill from the start to an instant; after the traces' ends their last levels run on.</summary>
    /// <param name="machines">All machines.</param>
    /// <param name="spot">How many of them are spot machines, where they are there; null: all.</param>
    /// <param name="until">When billing ends.</param>
    /// <param name="spotPerHour">Dollars per machine-hour.</param>
    /// <param name="onDemandPerHour">Dollars per machine-hour.</param>
    public static SpotBill Of(CapacityTrace machines, CapacityTrace? spot, Instant until, double spotPerHour, double onDemandPerHour)
    {
        ArgumentNullException.ThrowIfNull(machines);
        Instant[] edges = [.. machines.Changes.Concat(spot?.Changes ?? []).Select(change => change.At).Append(until).Where(at => at <= until).Distinct().Order()];
        double spotSeconds = 0, allSeconds = 0;
        for (int i = 0; i + 1 < edges.Length; i++)
        {
            double seconds = (edges[i + 1] - edges[i]).Seconds;
            int all = machines.UnitsAt(edges[i]);
            allSeconds += seconds * all;
            spotSeconds += seconds * Math.Min(all, spot?.UnitsAt(edges[i]) ?? all);
        }
        double spotHours = spotSeconds / SecondsPerHour, onDemandHours = (allSeconds - spotSeconds) / SecondsPerHour;
        return new SpotBill(spotHours, onDemandHours, new Money((spotHours * spotPerHour) + (onDemandHours * onDemandPerHour)));
    }
}
