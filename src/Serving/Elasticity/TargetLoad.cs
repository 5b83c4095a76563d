using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Routing;

namespace Orrery.Serving.Elasticity;

/// <summary>Options of scaling by live requests per replica, with hysteresis.</summary>
public sealed record TargetLoadOptions : AutoscalerSpec
{
    public static readonly OptionSet<TargetLoadOptions> Set = Scaling.Bounds(new OptionSet<TargetLoadOptions>())
        .Duration("interval", o => o.Interval, (o, v) => o with { Interval = v }, "how often it decides", "usual of horizontal autoscalers (c)", minSeconds: Scaling.LeastIntervalSeconds)
        .Number("target", o => o.Target, (o, v) => o with { Target = v }, "live requests per replica that it aims at", "our choice (d)", min: 0.01)
        .Number("tolerance", o => o.Tolerance, (o, v) => o with { Tolerance = v }, "relative distance from the target within which nothing is done", "Kubernetes: 0.1 (c)", max: 10)
        .Duration("holdDown", o => o.HoldDown, (o, v) => o with { HoldDown = v }, "the fleet shrinks to the largest size that was wanted within this time", "Kubernetes: 5 min (c)");

    public Duration Interval { get; init; } = Duration.FromSeconds(15);

    public double Target { get; init; } = 32;

    public double Tolerance { get; init; } = 0.1;

    public Duration HoldDown { get; init; } = Duration.FromSeconds(300);

    public override IAutoscaler Create(RandomStream random) => new TargetLoad(this);
}

/// <summary>
/// desired = ceil(replicas × load / target) unless the load lies within the tolerance of the target; growth at once, shrinking to the largest
/// wish of the hold-down time (the rule of Kubernetes' horizontal autoscaler, c).
/// </summary>
public sealed class TargetLoad(TargetLoadOptions options) : IAutoscaler
{
    private readonly Queue<(Instant At, int Wish)> _wishes = new();

    public Duration Interval => options.Interval;

    public int Desired(IFleetView serving, ScaleState state)
    {
        ArgumentNullException.ThrowIfNull(serving);
        int now = serving.Count + state.Starting;
        long live = state.Homeless;
        for (int i = 0; i < serving.Count; i++) live += serving.LiveRequests(i);
        double ratio = live / (options.Target * Math.Max(1, now));
        int wish = Math.Abs(ratio - 1) <= options.Tolerance ? now : (int)Math.Ceiling(live / options.Target);
        while (_wishes.TryPeek(out (Instant At, int Wish) oldest) && oldest.At + options.HoldDown < serving.Now) _wishes.Dequeue();
        _wishes.Enqueue((serving.Now, wish));
        return wish >= now ? wish : Math.Min(now, _wishes.Max(entry => entry.Wish));
    }
}

/// <summary>Options of scaling to nothing when nobody asks.</summary>
public sealed record KeepAliveOptions : AutoscalerSpec
{
    public static readonly OptionSet<KeepAliveOptions> Set = Scaling.Bounds(new OptionSet<KeepAliveOptions>())
        .Duration("keepAlive", o => o.KeepAlive, (o, v) => o with { KeepAlive = v },
            "time after the last request at which the last replica goes", "60s: Joosen et al., EuroSys 2025 (b)")
        .Number("target", o => o.Target, (o, v) => o with { Target = v }, "live requests per replica from which another one starts", "our choice (d)", min: 0.01)
        .Duration("interval", o => o.Interval, (o, v) => o with { Interval = v }, "how often it decides", "our choice (d)", minSeconds: Scaling.LeastIntervalSeconds);

    public KeepAliveOptions() => Min = 0;

    public Duration KeepAlive { get; init; } = Duration.FromSeconds(60);

    public double Target { get; init; } = 32;

    public Duration Interval { get; init; } = Duration.FromSeconds(1);

    public override IAutoscaler Create(RandomStream random) => new KeepAliveScaling(this);
}

/// <summary>Starts on demand and keeps a fixed time after the last request (the baseline of function platforms).</summary>
public sealed class KeepAliveScaling(KeepAliveOptions options) : IAutoscaler
{
    public Duration Interval => options.Interval;

    public int Desired(IFleetView serving, ScaleState state)
    {
        ArgumentNullException.ThrowIfNull(serving);
        long live = state.Homeless;
        for (int i = 0; i < serving.Count; i++) live += serving.LiveRequests(i);
        int now = serving.Count + state.Starting;
        if (live > 0) return Math.Max(now, (int)Math.Ceiling(live / options.Target));
        return serving.Now < state.LastRequest + options.KeepAlive ? now : 0;
    }
}

/// <summary>What options of autoscalers share.</summary>
public static class Scaling
{
    /// <summary>Whoever decides at equal intervals does so at most a thousand times a second.</summary>
    public const double LeastIntervalSeconds = 1e-3;

    private const int MostReplicas = 100_000;

    /// <summary>Adds <c>min</c> and <c>max</c>.</summary>
    public static OptionSet<T> Bounds<T>(OptionSet<T> set)
        where T : AutoscalerSpec, new()
    {
        ArgumentNullException.ThrowIfNull(set);
        return set
            .Int("min", o => o.Min, (o, v) => o with { Min = v }, "fewest replicas", "our choice (d)", min: 0, max: MostReplicas)
            .OptionalInt("max", o => o.Max, (o, v) => o with { Max = v }, "most replicas; null: as many as the fleet starts with", "our choice (d)", min: 1, max: MostReplicas);
    }
}
