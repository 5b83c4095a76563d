using System.Globalization;
using Orrery.Documents;
using Orrery.Documents.Expectations;
using Orrery.Kernel;
using Orrery.Kernel.Statistics;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.Serving.Metrics;

namespace Orrery.Lab.Studies;

/// <summary>
/// The highest request rate at which a scenario meets its goals, by bisection on common random numbers: all probes of one seed see the same
/// requests, only closer together or further apart.
/// </summary>
/// <remarks>
/// A generator is given its rate, a trace is played faster or slower. A run of finite length forgives some overload: the longer the traffic,
/// the closer the answer is to the capacity of a service without end.
/// </remarks>
public static class Capacity
{
    /// <summary>Beyond this further searches tell nothing that fewer did not.</summary>
    public const int MostSeeds = 100;

    internal const double LargestTolerance = 0.5;
    internal const double SmallestTolerance = 1e-4;

    /// <exception cref="InputException">A mistake in the scenario, no goal, or traffic whose rate cannot be set.</exception>
    public static CapacityResult Find(string scenarioPath, IReadOnlyList<string> sets, CapacitySettings settings) =>
        Find(ScenarioReader.LoadTree(scenarioPath, sets), ScenarioReader.FolderOf(scenarioPath), settings);

    /// <inheritdoc cref="Find(string, IReadOnlyList{string}, CapacitySettings)"/>
    public static CapacityResult Find(Node tree, string folder, CapacitySettings settings)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(settings);
        Check(settings);
        Scenario scenario = ScenarioReader.Read(tree, folder, settings.Seed);
        IReadOnlyList<Expectation> goals = GoalsOf(scenario, settings);
        var traffic = RateKnob.Of(tree, scenario, settings);
        if (traffic is null) return Empty(scenario, goals);
        Lock reporting = new();
        CapacityProbe? Probe(double rate, ulong seed)
        {
            if (settings.Cancel.IsCancellationRequested) return null;
            Scenario loaded = ScenarioReader.Read(traffic.Apply(tree, rate), folder, seed);
            RunResult result = Simulation.Run(loaded, new() { FastForward = settings.FastForward, Cancel = settings.Cancel });
            if (result.IsPartial) return null;
            CapacityProbe probe = Judge(goals, rate, result);
            lock (reporting) settings.Progress?.Invoke(probe);
            return probe;
        }
        return Summarize(scenario.Name, goals, Searches(Probe, traffic.StartRate, scenario.Seed, settings));
    }

    /// <summary>Searches with any probe: what the scenario form and tests share.</summary>
    internal static CapacitySearch[] Searches(Func<double, ulong, CapacityProbe?> probe, double start, ulong seed, CapacitySettings settings)
    {
        var searches = new CapacitySearch[settings.Seeds];
        searches[0] = RateSearch.Find(seed, rate => probe(rate, seed), start, settings.RelativeTolerance, settings.MostProbes);
        // The other seeds begin where the first one ended, with small steps: two or three probes give them a bracket.
        double estimate = searches[0].Estimate > 0 ? searches[0].Estimate : start;
        double step = Math.Min(2, 1 + 2 * settings.RelativeTolerance);
        ParallelWork.ForEach(settings.Seeds - 1, settings.Workers > 0 ? settings.Workers : Environment.ProcessorCount, index =>
        {
            ulong own = unchecked(seed + (ulong)index + 1);
            searches[index + 1] = RateSearch.Find(own, rate => probe(rate, own), estimate, settings.RelativeTolerance, settings.MostProbes, step);
        }, CancellationToken.None);
        return searches;
    }

    internal static CapacityResult Summarize(string scenario, IReadOnlyList<Expectation> goals, IReadOnlyList<CapacitySearch> searches) => new(
        scenario, [.. goals.Select(goal => goal.ToString())], Interval(searches), searches, Notes(searches),
        searches.Any(search => search.End == CapacityEnd.Interrupted));

    internal static CapacityProbe Judge(IReadOnlyList<Expectation> goals, double rate, RunResult result)
    {
        Outcome[] outcomes = [.. goals.Select(goal => goal.Evaluate((statistic, metric) => RunMetricTable.Lookup(result, statistic, metric)))];
        return new(result.Seed, rate, outcomes.All(outcome => outcome.IsMet), [.. outcomes.Select(outcome => outcome.Sentence)], result);
    }

    private static void Check(CapacitySettings settings)
    {
        if (settings.Seeds is < 1 or > MostSeeds)
            throw new InputException($"--seeds {settings.Seeds}: write a number of searches from 1 to {MostSeeds}");
        if (!(settings.RelativeTolerance is >= SmallestTolerance and <= LargestTolerance))
            throw new InputException(string.Create(
                CultureInfo.InvariantCulture,
                $"--tolerance {settings.RelativeTolerance}: write a share from {SmallestTolerance} to {LargestTolerance}"));
    }

    private static IReadOnlyList<Expectation> GoalsOf(Scenario scenario, CapacitySettings settings)
    {
        if (settings.Goals.Count > 0) return settings.Goals;
        if (scenario.Slo != ServiceObjective.None)
        {
            MetricInfo attainment = RunMetricTable.Infos.First(metric => metric.Name == "attainment");
            return [new(Statistic.Value, attainment, Documents.Expectations.Comparison.GreaterOrEqual, scenario.Attainment)];
        }
        return scenario.Expect.Count > 0
            ? scenario.Expect
            : throw new InputException($"{scenario.Name}: a capacity needs a goal; add slo: {{ttft: 1s, tpot: 50ms}} or expect: to the scenario");
    }

    private static ConfidenceInterval Interval(IReadOnlyList<CapacitySearch> searches)
    {
        double[] estimates = [.. searches.Select(search => search.Estimate)];
        double mean = estimates.Average();
        double low = searches.Average(search => search.Low);
        double high = searches.Average(search => search.High);
        double chance = searches.Count > 1 ? ConfidenceInterval.FromReplications(estimates).HalfWidth : 0;
        return new(mean, Math.Max(0, low - chance), high + chance, ConfidenceInterval.DefaultLevel);
    }

    private static List<string> Notes(IReadOnlyList<CapacitySearch> searches)
    {
        var notes = new List<string>();
        foreach (CapacitySearch search in searches)
        {
            string? note = search.End switch
            {
                CapacityEnd.None => $"seed {search.Seed}: even {Rate(search.High)} misses the goals; the fleet or the goals must change",
                CapacityEnd.Unbounded => $"seed {search.Seed}: even {Rate(search.Low)} meets the goals; they do not limit this fleet",
                CapacityEnd.OutOfProbes => $"seed {search.Seed}: the probes were used up with the bracket at {Rate(search.Low)} to {Rate(search.High)}",
                _ => null,
            };
            if (note is not null) notes.Add(note);
            if (search.IsMonotone) continue;
            double again = search.Probes.Where(probe => probe.IsMet && probe.RequestsPerSecond > search.High).Min(probe => probe.RequestsPerSecond);
            notes.Add(
                $"seed {search.Seed}: the goals are missed at {Rate(search.High)} but met again at {Rate(again)}; "
                + "the capacity given is below the first miss");
        }
        if (searches.Count == 1) notes.Add("one seed: the interval is the bracket of the search and says nothing about chance");
        return notes;
    }

    private static CapacityResult Empty(Scenario scenario, IReadOnlyList<Expectation> goals) =>
        Summarize(scenario.Name, goals, [new(scenario.Seed, 0, double.PositiveInfinity, CapacityEnd.Interrupted, true, [])]);

    private static string Rate(double rate) => string.Create(CultureInfo.InvariantCulture, $"{rate:G4} requests/s");
}
