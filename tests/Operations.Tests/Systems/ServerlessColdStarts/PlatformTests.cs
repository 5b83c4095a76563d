using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Operations.Systems.ServerlessColdStarts;

namespace Orrery.Operations.Tests.Systems.ServerlessColdStarts;

public sealed class PlatformTests
{
    private const ulong Seed = 3;

    private static readonly ServerlessColdStartsOptions Small = new() { Regions = 2, Functions = 150, Length = Duration.FromHours(4) };

    /// <summary>One timer with a tick an hour, and nothing else.</summary>
    private static readonly ServerlessColdStartsOptions OneTimer = new() { Regions = 1, Functions = 1, TimerShare = 1, ExecutionSigma = 0, LoadExponent = 0 };

    [Fact]
    public void An_hourly_timer_starts_cold_at_every_tick_and_leaves_its_pod_idle_for_the_keep_alive()
    {
        IReadOnlyDictionary<string, double> figures = Run(OneTimer);
        Assert.Equal(24, figures["calls"]);
        Assert.Equal(24, figures["coldStarts"]);
        Assert.Equal(24 * 60 / 3600.0, figures["idlePodHours"], 1e-9);
        Assert.Equal(24 * 60.03 / 3600.0, figures["podHours"], 1e-9);
        Assert.Equal(1, figures["worthlessShare"]);
    }

    [Fact]
    public void Early_release_leaves_no_idle_time_behind_a_slow_timer()
    {
        IReadOnlyDictionary<string, double> figures = Run(OneTimer with { EarlyRelease = true });
        Assert.Equal(24, figures["coldStarts"]);
        Assert.Equal(0, figures["idlePodHours"], 1e-9);
    }

    [Fact]
    public void A_keep_alive_longer_than_the_period_starts_one_pod()
    {
        IReadOnlyDictionary<string, double> figures = Run(OneTimer with { KeepAliveSpan = Duration.FromHours(2) });
        Assert.Equal((1, 1), (figures["coldStarts"], figures["podStarts"]));
    }

    [Fact]
    public void A_timer_started_ahead_waits_only_where_the_start_took_longer_than_foreseen()
    {
        IReadOnlyDictionary<string, double> plain = Run(OneTimer);
        IReadOnlyDictionary<string, double> ahead = Run(OneTimer with { PreWarm = true, PreWarmQuantile = 0.9 });
        Assert.Equal(24, ahead["podStarts"]);
        // Of 24 starts 10 % are late on average; ten would be seven deviations.
        Assert.InRange(ahead["coldStarts"], 0, 9);
        Assert.True(ahead["meanWaitSeconds"] < 0.5 * plain["meanWaitSeconds"]);
        Assert.Equal(plain["startMeanSeconds"], ahead["startMeanSeconds"], 1e-9);
    }

    [Fact]
    public void Pre_warming_removes_no_more_than_the_cold_starts_of_timers()
    {
        IReadOnlyDictionary<string, double> plain = Run(Small);
        IReadOnlyDictionary<string, double> ahead = Run(Small with { PreWarm = true });
        Assert.Equal(plain["calls"], ahead["calls"]);
        double removed = 1 - (ahead["coldStarts"] / plain["coldStarts"]);
        Assert.InRange(removed, 0.01, plain["timerColdShare"]);
    }

    [Fact]
    public void Early_release_saves_idle_time_and_starts_no_pod_more()
    {
        IReadOnlyDictionary<string, double> plain = Run(Small);
        IReadOnlyDictionary<string, double> early = Run(Small with { EarlyRelease = true });
        Assert.Equal(plain["coldStarts"], early["coldStarts"]);
        Assert.Equal(plain["meanWaitSeconds"], early["meanWaitSeconds"]);
        Assert.True(early["idlePodHours"] < plain["idlePodHours"]);
    }

    [Fact]
    public void Shaving_serves_every_call_later_and_with_a_lower_peak()
    {
        IReadOnlyDictionary<string, double> plain = Run(Small);
        IReadOnlyDictionary<string, double> shaved = Run(Small with { Shaving = true, ShavingLevel = 1 });
        Assert.Equal(plain["calls"], shaved["calls"]);
        Assert.True(shaved["peakStarts"] < plain["peakStarts"]);
        Assert.True(shaved["meanWaitSeconds"] > plain["meanWaitSeconds"]);
    }

    [Fact]
    public void A_shorter_keep_alive_never_starts_fewer_pods()
    {
        double before = double.PositiveInfinity;
        foreach (int seconds in (int[])[15, 60, 240, 960])
        {
            double starts = Run(Small with { KeepAliveSpan = Duration.FromSeconds(seconds), LoadExponent = 0 })["podStarts"];
            Assert.True(starts < before, $"{starts} pods started with a keep-alive of {seconds} s and {before} with a shorter one");
            before = starts;
        }
    }

    [Fact]
    public void Pools_without_a_miss_change_no_start()
    {
        IReadOnlyDictionary<string, double> plain = Run(Small);
        IReadOnlyDictionary<string, double> pooled = Run(Small with { Pools = PoolSizing.Fixed });
        Assert.InRange(pooled["poolMissShare"], 0, 0.2);
        Assert.True(pooled["poolPodHours"] > 0);
        Assert.True(pooled["startMeanSeconds"] >= plain["startMeanSeconds"]);
        Assert.True(Run(Small with { Pools = PoolSizing.Profile })["poolPodHours"] <= pooled["poolPodHours"]);
    }

    [Fact]
    public void A_round_trip_longer_than_any_start_keeps_every_call_at_home()
    {
        Assert.Equal(0, Run(Small with { CrossRegion = true, RoundTrip = Duration.FromHours(10) })["dispatchedShare"]);
        Assert.True(Run(Small with { CrossRegion = true, RoundTrip = Duration.FromMilliseconds(1) })["dispatchedShare"] > 0);
    }

    [Fact]
    public void A_run_repeats_and_documents_every_figure()
    {
        ExperimentResult first = Small.Run(RandomStream.Root(Seed), CancellationToken.None);
        ExperimentResult again = Small.Run(RandomStream.Root(Seed), CancellationToken.None);
        Assert.Equal(first.Values, again.Values);
        Assert.Empty(first.Values.Keys.Except(Small.Figures.Select(figure => figure.Name)));
        Assert.All(first.Values, figure => Assert.True(double.IsFinite(figure.Value), figure.Key));
    }

    [Fact]
    public void The_generator_stays_near_both_published_fits()
    {
        IReadOnlyDictionary<string, double> figures = Run(new ServerlessColdStartsOptions { Length = Duration.FromHours(12) });
        Assert.InRange(figures["startFitDistance"], 0, 0.1);
        Assert.InRange(figures["gapFitDistance"], 0, 0.1);
    }

    [Fact]
    public void A_time_of_zero_is_refused_with_the_option_s_name()
    {
        InputException error = Assert.Throws<InputException>(() => Run(Small with { Length = Duration.Zero }));
        Assert.Contains("duration", error.Message, StringComparison.Ordinal);
        Assert.Throws<OperationCanceledException>(() => new ServerlessColdStartsOptions().Run(RandomStream.Root(Seed), new CancellationToken(true)));
    }

    [Fact]
    public void Without_frequent_functions_only_timers_call()
    {
        IReadOnlyDictionary<string, double> figures = Run(Small with { FrequentShare = 0 });
        Assert.Equal(1, figures["timerColdShare"]);
        Assert.True(figures["calls"] > 0);
        Assert.Equal(0, Run(Small with { FrequentShare = 0, TimerShare = 0 })["calls"]);
        Assert.True(Run(Small with { FrequentShare = 1e-200 })["calls"] > 0);
    }

    [Fact]
    public void Windows_of_pools_are_bounded_and_cost_nothing_without_pools()
    {
        Duration blink = Duration.FromMilliseconds(0.01);
        Assert.Equal(Run(Small)["podStarts"], Run(Small with { PodCreation = blink })["podStarts"]);
        Assert.Contains("podCreation:", Assert.Throws<InputException>(() => Run(Small with { PodCreation = blink, Pools = PoolSizing.Fixed })).Message, StringComparison.Ordinal);
        Assert.Contains("duration:", Assert.Throws<InputException>(() => Run(Small with { Length = Duration.FromHours(5000) })).Message, StringComparison.Ordinal);
    }

    private static IReadOnlyDictionary<string, double> Run(ServerlessColdStartsOptions options) => options.Run(RandomStream.Root(Seed), CancellationToken.None).Values;
}
