using Orrery.World.Hardware;
using Orrery.World.Profiles;

namespace Orrery.World.Cost;

/// <summary>Alpha-beta times of collectives in nanoseconds (Thakur, Rabenseifner and Gropp 2005): a latency floor plus volume over bandwidth.</summary>
internal readonly struct CollectiveTime
{
    private CollectiveTime(double floor, double perByte)
    {
        Floor = floor;
        PerByte = perByte;
    }

    private double Floor { get; }

    private double PerByte { get; }

    public double At(double bytes) => Floor + (bytes * PerByte);

    /// <summary>Ring all-reduce of a buffer over n devices: each sends 2(n−1)/n of it. Nothing for one device.</summary>
    public static CollectiveTime AllReduce(int devices, Interconnect interconnect, CostProfile profile) =>
        Of(devices, 2.0 * (devices - 1) / devices, interconnect, profile);

    /// <summary>All-gather or all-to-all over n devices: each sends (n−1)/n of its buffer.</summary>
    public static CollectiveTime Exchange(int devices, Interconnect interconnect, CostProfile profile) =>
        Of(devices, (double)(devices - 1) / devices, interconnect, profile);

    /// <summary>One transfer between neighbours.</summary>
    public static CollectiveTime PointToPoint(NetworkLink link, CostProfile profile) =>
        new((profile.PointToPointSeconds + link.LatencySeconds) * 1e9, 1e9 / (link.Bandwidth.Value * profile.LinkFraction));

    private static CollectiveTime Of(int devices, double share, Interconnect interconnect, CostProfile profile)
    {
        if (devices == 1) return default;
        NetworkLink link = interconnect.For(devices);
        double floor = profile.CollectiveFloorSeconds + (link.LatencySeconds * Math.Ceiling(Math.Log2(devices)));
        return new(floor * 1e9, share * 1e9 / (link.Bandwidth.Value * profile.LinkFraction));
    }
}
