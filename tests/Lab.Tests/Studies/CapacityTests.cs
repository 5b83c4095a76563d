using Orrery.Documents.Expectations;
using Orrery.Lab.Results;
using Orrery.Lab.Studies;

namespace Orrery.Lab.Tests.Studies;

public sealed class CapacityTests
{
    [Theory]
    [InlineData(37.5, 1)]
    [InlineData(37.5, 4000)]
    [InlineData(0.8, 20)]
    [InlineData(64, 1)]
    public void AMonotoneAnswerIsBracketed(double capacity, double start)
    {
        CapacitySearch search = RateSearch.Find(1, rate => Probe(rate, rate <= capacity), start, 0.025, 60);
        Assert.Equal(CapacityEnd.Found, search.End);
        Assert.InRange(capacity, search.Low, search.High);
        Assert.True(search.High <= search.Low * 1.025);
        Assert.True(search.IsMonotone);
        Assert.True(search.Probes.Count <= 30, $"{search.Probes.Count} probes");
    }

    [Fact]
    public void AnAnswerThatIsNotMonotoneStaysBelowTheFirstMissAndSaysSo()
    {
        // Met up to 10, missed up to 30, met again up to 50: doubling from 2 steps over the hole.
        CapacitySearch search = RateSearch.Find(7, rate => Probe(rate, rate is <= 10 or > 30 and <= 50), 40, 0.025, 60);
        Assert.Equal(CapacityEnd.Found, search.End);
        CapacitySearch looked = RateSearch.Find(7, rate => Probe(rate, rate is <= 10 or > 41 and <= 50), 45, 0.025, 60);
        Assert.False(looked.IsMonotone);
        Assert.InRange(10, looked.Low, looked.High);
        CapacityResult result = Capacity.Summarize("s", [], [looked]);
        Assert.Contains(result.Notes, note => note.Contains("met again", StringComparison.Ordinal));
    }

    [Fact]
    public void ExtremesAreSaid()
    {
        Assert.Equal(CapacityEnd.None, RateSearch.Find(1, rate => Probe(rate, false), 8, 0.025, 60).End);
        Assert.Equal(CapacityEnd.Unbounded, RateSearch.Find(1, rate => Probe(rate, true), 8, 0.025, 60).End);
        CapacitySearch tired = RateSearch.Find(1, rate => Probe(rate, rate < 9), 8, 0.025, 3);
        Assert.Equal((CapacityEnd.OutOfProbes, 3), (tired.End, tired.Probes.Count));
        int left = 2;
        Assert.Equal(CapacityEnd.Interrupted, RateSearch.Find(1, rate => left-- > 0 ? Probe(rate, rate < 9) : null, 8, 0.025, 60).End);
        Assert.Equal(0, Capacity.Summarize("s", [], [RateSearch.Find(1, rate => Probe(rate, false), 8, 0.025, 60)]).RequestsPerSecond.Mean);
    }

    [Fact]
    public void SeedsGiveAnIntervalThatCoversTheirMean()
    {
        double[] capacities = [19.2, 20.5, 20.1, 19.7, 20.6];
        CapacitySettings settings = new() { Seeds = 5, Workers = 4 };
        CapacitySearch[] searches = Capacity.Searches((rate, seed) => Probe(rate, rate <= capacities[seed - 3], seed), 5, 3, settings);
        CapacityResult result = Capacity.Summarize("s", [], searches);
        Assert.Equal([3UL, 4, 5, 6, 7], result.Searches.Select(search => search.Seed));
        Assert.InRange(capacities.Average(), result.RequestsPerSecond.Low, result.RequestsPerSecond.High);
        Assert.InRange(result.RequestsPerSecond.Mean, capacities.Average() * 0.975, capacities.Average() * 1.025);
        Assert.True(searches.Skip(1).All(search => search.Probes.Count < searches[0].Probes.Count));
        Assert.Empty(result.Notes);
        Assert.Equal(StudyJson.Text(result), StudyJson.Text(Capacity.Summarize("s", [], Capacity.Searches(
            (rate, seed) => Probe(rate, rate <= capacities[seed - 3], seed), 5, 3, settings with { Workers = 1 }))));
    }

    /// <summary>
    /// M/D/1 with service time D: mean wait is ρD / 2(1 − ρ) (Pollaczek and Khinchine). A mean wait of one service time is reached at ρ = 2/3.
    /// </summary>
    [Fact]
    public void AQueueOfKnownCapacity()
    {
        const double service = 0.1;
        CapacityProbe Wait(double rate, ulong seed)
        {
            // Lindley's recursion over exponential gaps: the same gaps, scaled, at every rate.
            var random = new Random((int)seed);
            double wait = 0;
            double sum = 0;
            const int requests = 60_000;
            for (int i = 0; i < requests; i++)
            {
                sum += wait;
                wait = Math.Max(0, wait + service + Math.Log(1 - random.NextDouble()) / rate);
            }
            return Probe(rate, sum / requests <= service, seed);
        }
        CapacitySettings settings = new() { Seeds = 5 };
        CapacityResult result = Capacity.Summarize("m/d/1", [], Capacity.Searches(Wait, 1, 11, settings));
        const double known = 2.0 / 3 / service;
        Assert.InRange(known, result.RequestsPerSecond.Low, result.RequestsPerSecond.High);
        Assert.InRange(result.RequestsPerSecond.Mean, known * 0.95, known * 1.05);
    }

    [Fact]
    public void GoalsAreJudgedByTheRunsFigures()
    {
        Expectation met = Expectation.Parse("p50(ttft) <= 10s", "--goal", RunMetricTable.Infos);
        Expectation missed = Expectation.Parse("attainment >= 0.99", "--goal", RunMetricTable.Infos);
        CapacityProbe probe = Capacity.Judge([met, missed], 4, SampleRuns.Record().Result);
        Assert.False(probe.IsMet);
        Assert.Contains("attainment is 0.97", probe.Sentences[1], StringComparison.Ordinal);
        Assert.True(Capacity.Judge([met], 4, SampleRuns.Record().Result).IsMet);
    }

    private static CapacityProbe Probe(double rate, bool isMet, ulong seed = 1) => new(seed, rate, isMet, [], SampleRuns.Record(seed: seed).Result);
}
