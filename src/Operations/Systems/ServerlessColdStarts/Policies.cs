using Orrery.Kernel.Time;

namespace Orrery.Operations.Systems.ServerlessColdStarts;

/// <summary>
/// Starts a timer's pod ahead of its tick, so that the call finds it ready. Needed only where the timer is slower than the keep-alive.
/// </summary>
/// <param name="Quantile">The pod is started so early that this share of the function's starts is ready in time (d).</param>
public sealed record TimerPreWarm(double Quantile)
{
    /// <summary>When to start the pod for a tick; null where the pod of the tick before is still there.</summary>
    public Instant? StartFor(Instant tick, Duration period, Duration keepAlive, Duration startTime) =>
        period <= keepAlive ? null : Instant.Max(tick - startTime, Instant.Zero);
}

/// <summary>How many empty pods of each class wait in a region.</summary>
public enum PoolSizing
{
    /// <summary>The fit's own: allocation times contain what pools there were.</summary>
    None,

    /// <summary>One size for the whole day, for its busiest windows.</summary>
    Fixed,

    /// <summary>A size for each hour, from the same hour of the day before.</summary>
    Profile,
}

/// <summary>Sizes pools from how many pods the windows of the day before took.</summary>
public static class ClassPools
{
    private const int HoursPerDay = 24;
    private const double SecondsPerHour = 3600;

    /// <summary>Pods to keep ready in each hour of the day: what the given share of windows needs.</summary>
    /// <param name="taken">Pods taken in each window of the day before, in order from midnight on.</param>
    /// <param name="window">Length of a window.</param>
    /// <param name="sizing">One size, or one per hour; an hour that the day before did not have gets the size of the whole day.</param>
    /// <param name="share">Share of windows that must find pods for all their starts.</param>
    public static int[] Sizes(IReadOnlyList<int> taken, Duration window, PoolSizing sizing, double share)
    {
        ArgumentNullException.ThrowIfNull(taken);
        var sizes = new int[HoursPerDay];
        if (sizing == PoolSizing.None) return sizes;
        Array.Fill(sizes, Quantile(taken, share));
        if (sizing == PoolSizing.Fixed) return sizes;
        for (int hour = 0; hour < HoursPerDay; hour++)
        {
            int[] ofHour = [.. taken.Where((_, index) => (int)(index * window.Seconds / SecondsPerHour) % HoursPerDay == hour)];
            if (ofHour.Length > 0) sizes[hour] = Quantile(ofHour, share);
        }
        return sizes;
    }

    private static int Quantile(IReadOnlyList<int> taken, double share)
    {
        if (taken.Count == 0) return 0;
        int[] sorted = [.. taken];
        Array.Sort(sorted);
        return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
    }
}

/// <summary>
/// Flattens peaks of starts: a call nobody waits for, that would need a new pod while its region already started many in this window,
/// comes back in a later window, until it has waited as long as it may.
/// </summary>
/// <param name="Level">Starts allowed in a window, as a multiple of the mean of the day before (d).</param>
/// <param name="Window">Length of a window (d).</param>
/// <param name="LongestDelay">After this the call starts its pod whatever the load (d).</param>
public sealed record PeakShaving(double Level, Duration Window, Duration LongestDelay)
{
    /// <summary>When a call comes back; null where it may start now.</summary>
    /// <param name="now">The present.</param>
    /// <param name="arrived">When the call first came.</param>
    /// <param name="startedInWindow">Pods the region has started in the present window.</param>
    /// <param name="meanPerSecond">Starts per second of the region, from the day before.</param>
    public Instant? RetryAt(Instant now, Instant arrived, int startedInWindow, double meanPerSecond)
    {
        if (startedInWindow < Level * meanPerSecond * Window.Seconds) return null;
        Instant next = Instant.FromNanoseconds(((now.Nanoseconds / Window.Nanoseconds) + 1) * Window.Nanoseconds);
        return next - arrived > LongestDelay ? null : next;
    }
}

/// <summary>Sends a call that would start cold to the region where it is served first: home, or another at the price of a round trip.</summary>
/// <param name="RoundTrip">Between two regions (d).</param>
public sealed record CrossRegionDispatch(Duration RoundTrip)
{
    /// <summary>The region to serve a call that finds no idle pod at home; the lowest number of equals after home.</summary>
    /// <param name="home">Where the call came in.</param>
    /// <param name="waitSeconds">Expected seconds until a pod serves it, for each region: zero where an idle pod of the function waits.</param>
    public int Choose(int home, ReadOnlySpan<double> waitSeconds)
    {
        int best = home;
        double least = waitSeconds[home];
        for (int region = 0; region < waitSeconds.Length; region++)
        {
            if (region == home) continue;
            double here = waitSeconds[region] + RoundTrip.Seconds;
            if (here < least) (best, least) = (region, here);
        }
        return best;
    }
}
