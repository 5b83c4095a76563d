using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Serving.Elasticity;

/// <summary>Where the weights of a starting replica come from.</summary>
public enum WeightTier
{
    /// <summary>Over the network, from a store.</summary>
    Remote,

    /// <summary>From the machine's own disk.</summary>
    Disk,

    /// <summary>From the machine's memory.</summary>
    Host,

    /// <summary>They are on the device already.</summary>
    Device,
}

/// <summary>What passes between the decision to start a replica and its first step: provisioning, the engine's own start, and the weights.</summary>
public sealed record StartupOptions
{
    /// <summary>1 MB/s: over less, weights take days.</summary>
    public const double LeastBytesPerSecond = 1e6;

    public static readonly OptionSet<StartupOptions> Set = new OptionSet<StartupOptions>()
        .Duration("provision", o => o.Provision, (o, v) => o with { Provision = v }, "time until the machine is there", "our choice (d)")
        .OptionalDuration("coldStart", o => o.ColdStart, (o, v) => o with { ColdStart = v },
            "mean of a log-normal time on top of it: scheduling, image, dependencies; null: none", "3.24s over all regions: Joosen et al., EuroSys 2025 (b)")
        .Duration("coldStartDeviation", o => o.ColdStartDeviation, (o, v) => o with { ColdStartDeviation = v },
            "its standard deviation", "7.1s: Joosen et al., EuroSys 2025 (b)")
        .Duration("warmUp", o => o.WarmUp, (o, v) => o with { WarmUp = v }, "memory profiling, graph capture, first steps", "our choice (d)")
        .Choice<WeightTier>("weights", o => o.Weights, (o, v) => o with { Weights = v }, "where the weights come from the first time: remote, disk, host, device", "our choice (d)")
        .Bool("keepInHost", o => o.KeepInHost, (o, v) => o with { KeepInHost = v },
            "a machine that held the model keeps it in its memory: the next start there reads it from host", "our choice (d)")
        .Quantity("remoteBandwidth", Quantity.BytesPerSecond, o => o.RemoteBandwidth.Value, (o, v) => o with { RemoteBandwidth = new(v) }, "of the store, for one machine", "10 Gbit/s (d)", min: LeastBytesPerSecond)
        .Quantity("diskBandwidth", Quantity.BytesPerSecond, o => o.DiskBandwidth.Value, (o, v) => o with { DiskBandwidth = new(v) }, "of the machine's disk", "one NVMe drive (d)", min: LeastBytesPerSecond)
        .Quantity("hostBandwidth", Quantity.BytesPerSecond, o => o.HostBandwidth.Value, (o, v) => o with { HostBandwidth = new(v) }, "from host memory to the devices of a replica", "PCIe 4.0 x16, one path (d)", min: LeastBytesPerSecond);

    public Duration Provision { get; init; }

    public Duration? ColdStart { get; init; }

    public Duration ColdStartDeviation { get; init; } = Duration.FromMilliseconds(7100);

    public Duration WarmUp { get; init; } = Duration.FromSeconds(5);

    public WeightTier Weights { get; init; } = WeightTier.Disk;

    public bool KeepInHost { get; init; } = true;

    public BytesPerSecond RemoteBandwidth { get; init; } = new(1.25e9);

    public BytesPerSecond DiskBandwidth { get; init; } = new(3e9);

    public BytesPerSecond HostBandwidth { get; init; } = new(25e9);

    /// <exception cref="InputException">Unknown key or value.</exception>
    public static StartupOptions Read(MapReader map)
    {
        ArgumentNullException.ThrowIfNull(map);
        StartupOptions options = Set.Read(map);
        map.Done();
        return options;
    }

    /// <summary>Time of one start.</summary>
    /// <param name="weights">All bytes that the replica's devices must hold.</param>
    /// <param name="wasHere">The machine held the model before.</param>
    /// <param name="random">Keyed by the number of the replica.</param>
    /// <param name="replica">Its number.</param>
    public Duration TimeOf(Bytes weights, bool wasHere, RandomStream random, long replica)
    {
        ArgumentNullException.ThrowIfNull(random);
        Duration time = Provision + WarmUp + LoadTime(weights, wasHere && KeepInHost && Weights < WeightTier.Host ? WeightTier.Host : Weights);
        if (ColdStart is not { } mean || mean == Duration.Zero) return time;
        LogNormal law = LogNormal.FromMeanAndCv(mean.Seconds, ColdStartDeviation.Seconds / mean.Seconds);
        return time + Duration.FromSeconds(law.Sample(random.Split(replica)));
    }

    private Duration LoadTime(Bytes weights, WeightTier tier) => tier switch
    {
        WeightTier.Remote => Duration.FromSeconds(weights.Count / RemoteBandwidth.Value),
        WeightTier.Disk => Duration.FromSeconds(weights.Count / DiskBandwidth.Value),
        WeightTier.Host => Duration.FromSeconds(weights.Count / HostBandwidth.Value),
        _ => Duration.Zero,
    };
}
