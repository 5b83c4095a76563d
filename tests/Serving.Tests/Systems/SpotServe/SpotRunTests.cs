using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Elasticity;
using Orrery.Serving.Systems.SpotServe;

namespace Orrery.Serving.Tests.Systems.SpotServe;

public sealed class SpotRunTests
{
    private static ExperimentResult Run(SpotServeOptions options, ulong seed = 1) => options.Run(RandomStream.Root(seed), CancellationToken.None);

    [Fact]
    public void A_request_alone_takes_the_planned_time()
    {
        // A request every 1,000 s on a cluster that never changes: the latency is the closed form of a batch of one.
        ExperimentResult result = Run(new SpotServeOptions { Capacity = "0:10, end 5000", Rate = "0.001", Required = "0.4" });
        ConfigurationOptimiser optimiser = new(LayerProfile.Gpt20, 12, 4);
        Configuration configuration = optimiser.Choose(40, 0.4, 128)!.Configuration;
        BatchTimes times = optimiser.Times(configuration, 1);
        Assert.InRange(result.Values["arrived"], 4, 5);
        Assert.Equal(times.PromptSeconds + (128 * times.TokenSeconds), result.Values["latencyP50Seconds"], 1e-5);
        Assert.Equal(0, result.Values["tokensRecomputed"]);
        Assert.False(result.Values.ContainsKey("stoppedSeconds"));
    }

    [Fact]
    public void No_token_is_lost_or_delivered_twice_whatever_the_market_does()
    {
        RandomStream random = RandomStream.Root(11);
        for (int round = 0; round < 40; round++)
        {
            SpotServeOptions options = RandomOptions(random);
            string where = $"round {round}: {options.Policy} {options.Level} {options.Model} '{options.Capacity}' grace {options.Grace}";
            IReadOnlyDictionary<string, double> values = Run(options, (ulong)round).Values;
            Assert.True(values["tokens"] >= values["finished"] * options.AnswerTokens, where);
            bool canServe = CapacityTrace.Parse(options.Capacity).Changes[^1].Units * 4 >= LayerProfile.All.First(p => p.Name == options.Model).LeastGpus;
            // The last machines stay until the queue is empty.
            if (canServe && options.Policy != SpotPolicy.Rerouting && options.Level == AblationLevel.Full)
            {
                Assert.True(values["finished"] == values["arrived"], $"{where}: {values["finished"]} of {values["arrived"]} finished");
                Assert.True(values["tokens"] == values["arrived"] * options.AnswerTokens, where);
            }
            Assert.True(values["tokensRecomputed"] >= 0 && values["promptsRecomputed"] >= 0, where);
        }
    }

    [Fact]
    public void With_time_to_move_nothing_is_computed_twice_and_without_it_something_is()
    {
        SpotServeOptions options = new() { Capacity = "spot-b" };
        IReadOnlyDictionary<string, double> warned = Run(options).Values;
        IReadOnlyDictionary<string, double> surprised = Run(options with { Grace = Duration.Zero }).Values;
        Assert.True(surprised["tokensRecomputed"] > warned["tokensRecomputed"]);
        Assert.Equal(0, warned["tokensRecomputed"]);
        Assert.Equal(0, warned["crashes"]);
        Assert.Equal(2, surprised["crashes"]);
    }

    [Fact]
    public void What_cannot_begin_before_machines_go_is_not_sent_by_them()
    {
        SpotServeOptions options = new() { Capacity = "spot-b" };
        Assert.True(Run(options with { Overhead = Duration.FromSeconds(40) }).Values["tokensRecomputed"] > 0);
    }

    [Fact]
    public void The_slowest_ports_and_disks_that_are_allowed_can_be_run()
    {
        SpotServeOptions options = new() { Capacity = "0:6, 60:5, 120:7, end 200", Network = 1e6, Local = 1e6, Storage = 1e6 };
        foreach (SpotPolicy policy in Enum.GetValues<SpotPolicy>()) Assert.True(Run(options with { Policy = policy }).Values["arrived"] > 0);
    }

    [Fact]
    public void The_same_seed_gives_the_same_figures_and_all_policies_see_the_same_requests()
    {
        SpotServeOptions options = new() { Capacity = "0:10, 100:8, 200:6, 300:9, end 500", Arrivals = SpotArrivals.Gamma };
        IReadOnlyDictionary<string, double> first = Run(options, 4).Values, second = Run(options, 4).Values, other = Run(options with { Policy = SpotPolicy.Rerouting }, 4).Values;
        Assert.All(first.Keys, name => Assert.Equal(first[name], second[name]));
        Assert.Equal(first["arrived"], other["arrived"]);
        Assert.Equal(first["gapCv"], other["gapCv"]);
    }

    [Fact]
    public void A_removal_soon_after_an_addition_is_answered_with_it()
    {
        SpotServeOptions options = new() { Capacity = "0:7, 100:8, 120:7, end 300", Lost = "120:0" };
        Assert.Equal(1, Run(options).Values["changes"]);
        Assert.Equal(2, Run(options with { MergeWindow = Duration.Zero, Grace = Duration.FromSeconds(10) }).Values["changes"]);
    }

    [Fact]
    public void Too_few_machines_serve_nothing_until_enough_are_back()
    {
        // Two machines hold no replica of three; what they kept in memory is used again, the rest comes from storage.
        IReadOnlyDictionary<string, double> values = Run(new SpotServeOptions { Capacity = "0:3, 100:2, 300:3, end 400", Lost = "100:0", Rate = "0.05" }).Values;
        Assert.Equal(values["arrived"], values["finished"]);
        Assert.InRange(values["darkSeconds"], 200, 230);
        Assert.True(values["loadedGigabytes"] > 0);
        Assert.InRange(values["latencyMaxSeconds"], 200, 400);
    }

    [Fact]
    public void What_never_finishes_is_told()
    {
        ExperimentResult result = Run(new SpotServeOptions { Capacity = "0:3, 100:1, end 200", Rate = "0.1" });
        Assert.True(result.Values["finished"] < result.Values["arrived"]);
        Assert.Contains("never finished", Assert.Single(result.Notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gpt-20b")]
    [InlineData("llama-30b")]
    public void A_migration_beats_a_restart_and_each_part_of_it_helps_on_the_trace_that_shrinks(string model)
    {
        SpotServeOptions options = new() { Capacity = "spot-b", Model = model };
        IReadOnlyDictionary<string, double> full = Run(options).Values;
        Assert.True(full["latencyP99Seconds"] < Run(options with { Policy = SpotPolicy.Reparallelisation }).Values["latencyP99Seconds"]);
        Assert.True(full["latencyP99Seconds"] < Run(options with { Policy = SpotPolicy.Rerouting }).Values["latencyP99Seconds"]);
        IReadOnlyDictionary<string, double> plain = Run(options with { Level = AblationLevel.Plain }).Values, match = Run(options with { Level = AblationLevel.Match }).Values;
        IReadOnlyDictionary<string, double> cache = Run(options with { Level = AblationLevel.Cache }).Values, overlap = Run(options with { Level = AblationLevel.Overlap }).Values;
        Assert.True(match["movedGigabytes"] < plain["movedGigabytes"]);
        Assert.True(cache["tokensRecomputed"] < match["tokensRecomputed"]);
        Assert.True(overlap["shortSeconds"] < cache["shortSeconds"]);
        Assert.True(full["latencyMeanSeconds"] <= overlap["latencyMeanSeconds"]);
    }

    [Fact]
    public void The_bill_is_machine_hours_times_prices()
    {
        SpotServeOptions options = new() { Capacity = "0:10, end 3600", Spot = "0:6, 1800:10", Rate = "0.01", Arrivals = SpotArrivals.Poisson };
        IReadOnlyDictionary<string, double> values = Run(options).Values;
        double extra = values["spotHours"] + values["onDemandHours"] - 10;
        Assert.InRange(extra, 0, 0.1);
        Assert.Equal(2, values["onDemandHours"], 1e-9);
        Assert.Equal(((8 + extra) * 1.9) + (2 * 3.912), values["dollars"], 1e-9);
    }

    [Fact]
    public void On_demand_machines_that_fill_a_known_segment_are_billed_as_such()
    {
        // Filled less spot: 3 for 120 s, 2 for 120 s, 1 for 210 s, 2 for 90 s.
        SpotBill bill = SpotBill.Of(CapacityTraces.Find("spot-a-filled"), CapacityTraces.Find("spot-a"), Instant.FromSeconds(1380), 1, 10);
        Assert.Equal(990 / 3600.0, bill.OnDemandHours, 1e-12);
        double all = CapacityTraces.Find("spot-a-filled").UnitSeconds(Instant.FromSeconds(1380)) / 3600;
        Assert.Equal(all, bill.SpotHours + bill.OnDemandHours, 1e-12);
        Assert.Equal(bill.SpotHours + (10 * bill.OnDemandHours), bill.Amount.Dollars, 1e-12);
    }

    [Fact]
    public void Every_named_trace_names_its_losses()
    {
        foreach (string name in CapacityTraces.All.Keys)
        {
            CapacityTrace trace = CapacityTraces.Find(name);
            IReadOnlyList<MarketChange> changes = SpotMarket.Changes(trace, SpotMarket.KnownLosses[name], RateSteps.Constant(1), RandomStream.Root(1));
            int running = 0;
            foreach (MarketChange change in changes)
            {
                running += change.Added.Count - change.Removed.Count;
                Assert.Equal(trace.UnitsAt(change.At), running);
            }
            Assert.Equal(changes.Sum(change => change.Added.Count), changes.SelectMany(change => change.Added).Distinct().Count());
        }
    }

    [Fact]
    public void Defaults_are_those_of_the_study()
    {
        SpotServeOptions options = new();
        Assert.Equal((3.912, 1.9), (options.OnDemandPrice, options.SpotPrice));
        Assert.Equal((6.25e9, 6.25e9, 1.1875e9), (options.Network, options.Local, options.Storage));
        Assert.Equal((30, 30, 10, 0.5), (options.Grace.Seconds, options.MergeWindow.Seconds, options.Launch.Seconds, options.Overhead.Seconds));
        Assert.Equal((128, 4, 4, 6.0, 0.0), (options.AnswerTokens, options.Batch, options.GpusPerMachine, options.Cv, options.Tolerance));
        Assert.Equal([4, 12, 16], LayerProfile.All.Select(profile => profile.LeastGpus));
        Assert.Equal([1.5, 0.35, 0.2], LayerProfile.All.Select(profile => profile.Rate));
        Assert.Equal([2, 0.4, 0.2], LayerProfile.All.Select(profile => profile.RequiredRate));
        Assert.Equal(SpotFigures.All.Count, SpotFigures.All.Select(figure => figure.Name).Distinct().Count());
    }

    [Fact]
    public void The_artefact_s_generator_is_almost_periodic()
    {
        double almost = Run(new SpotServeOptions { Capacity = "0:10, end 3000" }).Values["gapCv"];
        // Shape 1000 / 0.35 / 6 = 476: the real coefficient of variation is 1 / √476.
        Assert.Equal(0.046, almost, 0.003);
        Assert.InRange(Run(new SpotServeOptions { Capacity = "0:10, end 20000", Arrivals = SpotArrivals.Gamma }).Values["gapCv"], 3.5, 9);
    }

    [Theory]
    [InlineData("0:7, 240:8", null, null, "has no end")]
    [InlineData("spot-c", null, null, "did you mean")]
    [InlineData("0:7, 60:6, end 100", "60:9", null, "machine 9 does not run")]
    [InlineData("0:7, 60:6, end 100", "50:1", null, "does not fall")]
    [InlineData("0:7, 60:6, end 100", "60:1 2", null, "name as many")]
    [InlineData("0:7, 60:6, end 100", "60", null, "is no loss")]
    [InlineData("0:7, end 100", null, "fast", "is no rate")]
    [InlineData("0:7, end 100", null, "0:1, 0:2", "out of order")]
    [InlineData("0:7, end 100000000", null, "10", "two million")]
    public void A_mistake_is_one_sentence(string capacity, string? lost, string? rate, string part)
    {
        InputException error = Assert.Throws<InputException>(() => Run(new SpotServeOptions { Capacity = capacity, Lost = lost, Rate = rate }));
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    private static SpotServeOptions RandomOptions(RandomStream random)
    {
        List<string> changes = [$"0:{3 + random.NextInt(8)}"];
        int at = 0;
        for (int i = 0; i < 2 + random.NextInt(6); i++) changes.Add($"{at += 1 + random.NextInt(60)}:{random.NextInt(11)}");
        changes.Add($"end {at + 60}");
        return new SpotServeOptions
        {
            Capacity = string.Join(", ", changes),
            Model = LayerProfile.All[random.NextInt(3)].Name,
            Policy = (SpotPolicy)random.NextInt(3),
            Level = random.NextInt(2) == 0 ? AblationLevel.Full : (AblationLevel)random.NextInt(5),
            Arrivals = (SpotArrivals)random.NextInt(3),
            Grace = Duration.FromSeconds(new[] { 0, 3, 30 }[random.NextInt(3)]),
            AnswerTokens = 32 + random.NextInt(100),
        };
    }
}
