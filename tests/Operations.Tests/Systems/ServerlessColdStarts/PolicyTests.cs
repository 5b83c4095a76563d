using Orrery.Kernel.Time;
using Orrery.Operations.Systems.ServerlessColdStarts;

namespace Orrery.Operations.Tests.Systems.ServerlessColdStarts;

public sealed class PolicyTests
{
    private static readonly Duration KeepAlive = Duration.FromSeconds(60);

    [Fact]
    public void Only_timers_slower_than_the_keep_alive_are_started_ahead()
    {
        var policy = new TimerPreWarm(0.95);
        Instant tick = Instant.FromSeconds(600);
        Assert.Null(policy.StartFor(tick, KeepAlive, KeepAlive, Duration.FromSeconds(4)));
        Assert.Equal(Instant.FromSeconds(596), policy.StartFor(tick, Duration.FromSeconds(61), KeepAlive, Duration.FromSeconds(4)));
        Assert.Equal(Instant.Zero, policy.StartFor(tick, Duration.FromSeconds(900), KeepAlive, Duration.FromSeconds(700)));
    }

    [Fact]
    public void A_fixed_pool_covers_the_share_of_all_windows_and_a_profile_that_of_each_hour()
    {
        // 24 hours of two windows: quiet ones take (0, 1), the last hour takes (8, 9).
        int[] taken = [.. Enumerable.Range(0, 48).Select(window => window < 46 ? window % 2 : 8 + (window % 2))];
        Assert.All(ClassPools.Sizes(taken, Duration.FromSeconds(1800), PoolSizing.Fixed, 1), size => Assert.Equal(9, size));
        int[] profile = ClassPools.Sizes(taken, Duration.FromSeconds(1800), PoolSizing.Profile, 1);
        Assert.All(profile[..23], size => Assert.Equal(1, size));
        Assert.Equal(9, profile[23]);
        Assert.Equal(8, ClassPools.Sizes(taken, Duration.FromSeconds(1800), PoolSizing.Profile, 0.5)[23]);
        Assert.All(ClassPools.Sizes(taken, Duration.FromSeconds(1800), PoolSizing.None, 1), size => Assert.Equal(0, size));
        // A morning alone says nothing of the evening: it gets what the whole morning needs.
        Assert.Equal([1, 1, 5, 5], ClassPools.Sizes([0, 1, 0, 1, 4, 5], Duration.FromSeconds(1800), PoolSizing.Profile, 1)[..4]);
    }

    [Fact]
    public void Shaving_delays_to_the_next_window_and_never_longer_than_it_may()
    {
        var policy = new PeakShaving(2, Duration.FromSeconds(10), Duration.FromSeconds(25));
        Instant arrived = Instant.FromSeconds(3);
        // Allowed are 2 · 0.5/s · 10 s = 10 starts.
        Assert.Null(policy.RetryAt(arrived, arrived, 9, 0.5));
        Assert.Equal(Instant.FromSeconds(10), policy.RetryAt(arrived, arrived, 10, 0.5));
        Assert.Equal(Instant.FromSeconds(20), policy.RetryAt(Instant.FromSeconds(10), arrived, 10, 0.5));
        Assert.Null(policy.RetryAt(Instant.FromSeconds(20), arrived, 10, 0.5));
    }

    [Fact]
    public void A_call_goes_where_it_is_served_first_counting_the_round_trip()
    {
        var policy = new CrossRegionDispatch(Duration.FromMilliseconds(100));
        Assert.Equal(0, policy.Choose(0, [0.09, 0, 0]));
        Assert.Equal(1, policy.Choose(0, [0.5, 0.1, 0.1]));
        Assert.Equal(2, policy.Choose(0, [0.5, 0.3, 0.2]));
        Assert.Equal(1, policy.Choose(1, [0.3, 0.4, 0.3]));
    }

    [Fact]
    public void A_taken_pod_is_replaced_after_its_creation()
    {
        var pool = new PodPool([1], Duration.FromSeconds(5));
        Assert.Equal(Duration.Zero, pool.Take(Instant.Zero));
        Assert.Equal(Duration.FromSeconds(5), pool.Take(Instant.FromSeconds(4)));
        Assert.Equal(Duration.Zero, pool.Take(Instant.FromSeconds(5)));
        Assert.Equal((3, 1), (pool.Takes, pool.Misses));
    }
}
