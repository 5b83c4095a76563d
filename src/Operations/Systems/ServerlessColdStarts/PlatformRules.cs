using Orrery.Kernel.Time;
using Orrery.World.Starts;

namespace Orrery.Operations.Systems.ServerlessColdStarts;

/// <summary>The policies of one run; null where one is off.</summary>
/// <param name="KeepAlive">How long idle pods stay.</param>
/// <param name="PreWarm">Starts pods ahead of timers.</param>
/// <param name="Shaving">Delays what nobody waits for.</param>
/// <param name="Dispatch">Serves elsewhere.</param>
/// <param name="Pools">Sizes of the pools from yesterday.</param>
public sealed record PlatformRules(KeepAlive KeepAlive, TimerPreWarm? PreWarm, PeakShaving? Shaving, CrossRegionDispatch? Dispatch, PoolSizing Pools)
{
    /// <summary>Share of windows whose starts the pools must cover (d).</summary>
    public double PoolShare { get; init; } = ServerlessColdStartsOptions.DefaultPoolShare;

    /// <summary>True where the pods of each window are counted, for the pools of the day after.</summary>
    public bool RecordsTakes { get; init; }

    /// <summary>Time to make a pod when the pool of its class is empty, and to put a new one into the pool (d).</summary>
    public Duration PodCreation { get; init; } = Duration.FromSeconds(ServerlessColdStartsOptions.DefaultPodCreationSeconds);
}

/// <summary>What the policies know of the day before.</summary>
/// <param name="MeanStartsPerSecond">By region.</param>
/// <param name="Taken">Pods taken in each window of <see cref="PlatformRules.PodCreation"/>, by region and class.</param>
public sealed record Yesterday(IReadOnlyList<double> MeanStartsPerSecond, IReadOnlyList<IReadOnlyList<IReadOnlyList<int>>> Taken);
