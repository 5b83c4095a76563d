using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Operations.Systems.ServerlessColdStarts;
using Orrery.World.Starts;

namespace Orrery.Operations.Tests.Systems.ServerlessColdStarts;

public sealed class WorkloadTests
{
    private const ulong Seed = 7;

    [Fact]
    public void The_calendar_has_mean_one_over_a_week_and_the_published_weekday_factor()
    {
        var calendar = new Calendar(4, 1.3, 14);
        double mean = Enumerable.Range(0, 7 * 24 * 60).Average(minute => calendar.At(minute * 60));
        Assert.Equal(1, mean, 1e-9);
        const double day = 86_400;
        Assert.Equal(1.3, calendar.At(1000) / calendar.At((5 * day) + 1000), 1e-12);
        Assert.Equal(4, calendar.At(14 * 3600) / calendar.At(2 * 3600), 1e-12);
        Assert.Equal(calendar.At(14 * 3600), calendar.Highest);
    }

    [Fact]
    public void Functions_have_the_shares_that_were_asked_for()
    {
        var options = new ServerlessColdStartsOptions { Regions = 2, Functions = 500, TimerShare = 0.6, FrequentShare = 0.2 };
        IReadOnlyList<Function> functions = Functions.Draw(options, RandomStream.Root(Seed));
        Assert.Equal(Enumerable.Range(0, 1000), functions.Select(function => function.Id));
        Assert.Equal(600, functions.Count(function => function.Trigger == Trigger.Timer));
        // Ranks 1 … 40 of the 200 called functions of a region reach one call a minute.
        Assert.Equal(80, functions.Count(function => function.Trigger != Trigger.Timer && function.RatePerSecond >= (1 - 1e-12) / 60));
        Assert.Equal(0, functions.Where(function => function.Region == 0).Average(function => function.StartEffect), 1e-9);
        Assert.All(functions.Where(function => function.Trigger == Trigger.Timer), timer =>
        {
            Assert.Equal(1, timer.Period.Seconds * timer.RatePerSecond, 1e-12);
            Assert.True(timer.Phase < Instant.Zero + timer.Period);
        });
    }

    [Fact]
    public void Calls_come_at_the_mean_rate_of_the_functions_that_are_drawn()
    {
        IReadOnlyList<Function> functions = Functions.Draw(new ServerlessColdStartsOptions { Regions = 1 }, RandomStream.Root(Seed));
        var stream = new CallStream(functions, 1, new Calendar(1, 1, 0), 0, RandomStream.Root(Seed));
        Assert.Equal(functions.Where(f => f.Trigger != Trigger.Timer && f.RatePerSecond <= CallStream.BusiestPerSecond).Sum(f => f.RatePerSecond), stream.RatePerSecond, 1e-9);
        const int calls = 40_000;
        Instant last = Instant.Zero;
        for (int i = 0; i < calls; i++) last = stream.Next().At;
        // Exponential gaps: five standard errors.
        Assert.InRange(last.Seconds * stream.RatePerSecond / calls, 1 - (5 / Math.Sqrt(calls)), 1 + (5 / Math.Sqrt(calls)));
    }

    [Fact]
    public void The_parts_of_a_start_sum_to_a_total_that_the_load_does_not_shuffle()
    {
        StartLaw law = new(ColdStart.Published, 0.8, RandomStream.Root(Seed));
        Function function = Of(startEffect: 0);
        StartParts first = law.Draw(function, 0, 11, 1);
        StartParts again = law.Draw(function, 0, 11, 1);
        Assert.Equal(first, again);
        StartParts slowed = law.Draw(function, 0, 11, 2);
        Assert.Equal(first.Code, slowed.Code);
        Assert.Equal(first.Dependencies, slowed.Dependencies);
        Assert.Equal(2, slowed.Allocation / first.Allocation, 1e-6);
        Assert.Equal(2, slowed.Scheduling / first.Scheduling, 1e-6);
    }

    [Fact]
    public void A_function_keeps_its_part_of_the_spread()
    {
        StartLaw law = new(ColdStart.Published, 0.8, RandomStream.Root(Seed));
        Assert.Equal(ColdStart.Published.Median.Seconds, law.Quantile(Of(0), 0.5).Seconds, 1e-6);
        // σ = 1.326; a function one deviation above the middle: e^(σ √0.8) times the median.
        double sigma = Math.Sqrt(Math.Log(1 + Math.Pow(7.10 / 3.24, 2)));
        Assert.Equal(Math.Exp(sigma * Math.Sqrt(0.8)), law.Quantile(Of(1), 0.5) / ColdStart.Published.Median, 1e-6);
        Assert.Equal(Math.Exp(sigma * Math.Sqrt(0.2) * 1.6448536269514722), law.Quantile(Of(0), 0.95) / ColdStart.Published.Median, 1e-6);
    }

    [Fact]
    public void Regions_differ_in_what_makes_their_starts_long()
    {
        StartLaw law = new(ColdStart.Published, 0.8, RandomStream.Root(Seed));
        double[] allocation = [0, 0];
        double[] deployed = [0, 0];
        for (int call = 0; call < 200; call++)
        {
            for (int region = 0; region < 2; region++)
            {
                StartParts parts = law.Draw(Of(0), region, call, 1);
                allocation[region] += parts.Allocation / parts.Total;
                deployed[region] += (parts.Dependencies + parts.Scheduling) / parts.Total;
            }
        }
        Assert.True(deployed[0] > 2 * allocation[0]);
        Assert.True(allocation[1] > deployed[1]);
    }

    private static Function Of(double startEffect) => new(3, 0, Trigger.Gateway, PodClass.Small, 0.01, Duration.Zero, Instant.Never, startEffect);
}
