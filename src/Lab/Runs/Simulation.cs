using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Lab.Results;
using Orrery.Lab.Runs.Output;
using Orrery.Lab.Scenarios;
using Orrery.Serving.Exposition;
using Orrery.Serving.Fleets;
using Orrery.Serving.Metrics;
using Orrery.Serving.Power;
using Orrery.Serving.Replicas;
using Orrery.Serving.Routing;
using Orrery.Traffic.Predictors;
using Orrery.Traffic.Requests;
using Orrery.Traffic.Specs;
using Orrery.World.Catalogue;
using Orrery.World.Deployments;

namespace Orrery.Lab.Runs;

/// <summary>
/// Runs a scenario in virtual time. Traffic that is limited by a duration stops arriving then, and the run drains: it ends when the last
/// request has left. That span, from 0 to the last departure, is the window of every rate, utilisation and cost.
/// </summary>
/// <remarks>
/// Random streams: <c>traffic</c>, <c>readers</c>, <c>router</c>, <c>predictors</c>, <c>acceptance</c>, <c>lending</c>, <c>startup</c> and <c>power</c> of the seed, so that changing a policy never changes the traffic;
/// <c>uncertainty</c> for the draws of intervals.
/// </remarks>
public static class Simulation
{
    /// <summary>The stream that traffic draws from: who uses it with a run's seed sees the requests of that run.</summary>
    public const string TrafficStream = "traffic";

    /// <inheritdoc cref="RunRecorded"/>
    public static RunResult Run(Scenario scenario, RunSettings? settings = null) => RunRecorded(scenario, settings).Result;

    /// <summary>Runs to the end, or until cancelled: then the result covers the virtual time reached and is marked partial.</summary>
    /// <exception cref="InputException">A trace turns out to be malformed, or the output folder cannot be written.</exception>
    public static RunRecord RunRecorded(Scenario scenario, RunSettings? settings = null)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        settings ??= new();
        if (settings is { Timeline: true, OutputFolder: null }) throw new ArgumentException("a Perfetto timeline needs an output folder", nameof(settings));
        using RequestsCsv? requests = settings.OutputFolder is { } folder ? new(folder, scenario.Qoe) : null;
        using PerfettoTrace? trace = settings.Timeline ? new(settings.OutputFolder!) : null;
        RandomStream root = RandomStream.Root(scenario.Seed);
        using ITrafficSource source = Open(scenario.Traffic, root.Split(TrafficStream), settings.FirstRequests);
        ILengthPredictor predictor = scenario.OutputLength.Create(root.Split("predictors"));
        IRemainingPredictor remaining = scenario.RemainingLength.Create(root.Split("predictors"));
        ICallPredictor calls = scenario.Calls.Create(root.Split("predictors"));
        VirtualClock clock = new();
        WindowTally? window = settings.Window is { } part ? new(part, scenario) : null;
        TrafficTally? traffic = settings.Intervals is null ? null : new(scenario);
        ServingExposition? exposition = settings.Exposition ? new() : null;
        RunWatch watch = new(clock, settings, predictor, calls, requests, trace, window, traffic) { Expected = source.ExpectedRequests, Exposition = exposition };
        ServingMetrics metrics = new(scenario.Slo, scenario.Qoe) { Window = window?.Gaps };
        PoweredFleet? power = PoweredFleet.Of(clock, scenario, root.Split("power"));
        FleetBuilder builder = new(scenario, root, settings.FastForward) { Trace = trace, Exposition = exposition, Power = power };
        Fleet fleet = new(
            clock, RouterOf(scenario, root.Split("router")), metrics, predictor.Predict, watch, remaining, calls: calls, readers: root.Split("readers"), options: builder.Options());
        watch.Fleet = fleet;
        if (power is not null) power.Fleet = fleet;
        watch.Row = power?.Readings;
        builder.AddTo(fleet);
        builder.OpenMarket(clock, fleet);
        fleet.Feed(source);
        TimelineSampler sampler = new(clock, fleet, () => OnSample(clock, fleet, watch, trace));
        bool isPartial = !RunToEnd(clock, settings.Cancel) && !(fleet.IsTrafficOver && fleet.Live == 0);
        Instant end = isPartial ? clock.Now : watch.LastDeparture;
        IReadOnlyList<TimelineRow> timeline = sampler.Finish(end);
        RunResult result = ResultBuilder.Build(scenario, builder.Entries, fleet, watch, clock, end, isPartial);
        result = result with { Notes = [.. result.Notes, .. TimeNotes(scenario, builder.Factories).Distinct(), .. builder.LendingNotes()] };
        requests?.Finish();
        trace?.Finish();
        if (settings.OutputFolder is { } finished) TimelineCsv.Write(finished, timeline);
        if (traffic is not null) result = result with { Intervals = IntervalBuilder.Build(scenario, result, ResultBuilder.Felt(metrics), traffic, settings) };
        return new(result, new(timeline, Distributions.Of(metrics)))
        {
            Window = window?.Result(result),
            Exposition = exposition is null ? null : PageOf(exposition, result),
            Service = watch.Service.Tokens,
            WindowService = window?.Service.Tokens ?? [],
        };
    }

    private static ITrafficSource Open(TrafficSpec traffic, RandomStream random, long? first)
    {
        ITrafficSource source = traffic.Open(random);
        if (traffic is TraceSpec trace) source = new CheckedTrace(source, trace.Path);
        return first is { } most ? new FirstRequests(source, most) : source;
    }

    /// <summary>One router, or one for each pool where some replicas are set aside for requests of low priority.</summary>
    private static IRouter RouterOf(Scenario scenario, RandomStream random)
    {
        IRouter router = scenario.Router.Create(random);
        if (scenario.Fleet.All(entry => entry.Priority == ServerPriority.High)) return router;
        bool[] isLow = [.. scenario.Fleet.SelectMany(entry => Enumerable.Repeat(entry.Priority == ServerPriority.Low, entry.Replicas))];
        return new PriorityPools(router, scenario.Router.Create(random.Split("low")), replica => isLow[replica < isLow.Length ? replica : 0]);
    }

    private static string PageOf(ServingExposition exposition, RunResult result)
    {
        ExpositionText text = new();
        ServingExposition.Write(text, [exposition]);
        text.Begin(ServingExposition.Energy);
        text.Sample(ExpositionText.Labels(("domain", "facility")), result.Cost.EnergyJoules);
        return text.ToString();
    }

    /// <summary>What a reader should know about how the times of this run were found.</summary>
    private static IEnumerable<string> TimeNotes(Scenario scenario, IReadOnlyList<ReplicaFactory> factories)
    {
        foreach ((FleetEntry entry, ReplicaFactory factory) in scenario.Fleet.Zip(factories))
        {
            Deployment deployment = entry.Deployment;
            if (deployment.Profile.Measured is { } measured && measured.Name != deployment.Device.Name)
            {
                if (measured.IsTransfer) yield return $"{deployment.Device.Name}: step times come from its data sheet and what was learnt on other devices";
                else if (Catalog.Devices.Any(other => other.Name == measured.Name && other.SameChip(deployment.Device))) yield return $"{deployment.Device.Name}: step times come from its data sheet and measurements of {measured.Name}, which has the same chip";
            }
            if (factory.Extrapolated is { Count: > 0 } families)
                yield return $"{deployment.Model.Name} on {deployment.Device.Name}: some steps lie beyond what was measured ({string.Join(", ", families.Select(ChoiceNames.Of))}); the ratio at the edge was kept";
        }
    }

    private static bool RunToEnd(VirtualClock clock, CancellationToken cancel)
    {
        using CancellationTokenRegistration registration = cancel.Register(clock.Stop);
        try
        {
            return clock.Run();
        }
        catch (ProcessFaultException fault) when (fault.InnerException is InputException mistake)
        {
            throw new InputException(mistake.Message, fault);
        }
    }

    private static void OnSample(VirtualClock clock, Fleet fleet, RunWatch watch, PerfettoTrace? trace)
    {
        watch.Report();
        if (trace is null) return;
        foreach (Replica replica in fleet.Replicas) trace.Sample(replica, clock.Now);
    }
}
