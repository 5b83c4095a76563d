using System.Diagnostics;
using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;
using Orrery.Lab.Runs.Output;
using Orrery.Serving.Exposition;
using Orrery.Serving.Fleets;
using Orrery.Serving.Metrics;
using Orrery.Serving.Power;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Predictors;

namespace Orrery.Lab.Runs;

/// <summary>Follows the requests that leave: rows of files, reasons of refusals, the end of the run, progress for people.</summary>
internal sealed class RunWatch(Clock clock, RunSettings settings, ILengthPredictor predictor, ICallPredictor calls, RequestsCsv? requests, PerfettoTrace? trace, WindowTally? window, TrafficTally? traffic)
    : IServingObserver
{
    private const double SecondsBetweenReports = 0.25;

    /// <summary>The stopwatch is read once in this many departures.</summary>
    private const int DeparturesPerLook = 256;

    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly SortedDictionary<string, long> _reasons = new(StringComparer.Ordinal);
    private long _departures;
    private double _reportedAt;

    /// <summary>Set once the fleet exists.</summary>
    public Fleet? Fleet { get; set; }

    public long? Expected { get; set; }

    /// <summary>What the sensor of the fleet's row reads; null without a breaker.</summary>
    public RowReadings? Row { get; set; }

    /// <summary>Counts departures too; null where nobody asks.</summary>
    public ServingExposition? Exposition { get; init; }

    /// <summary>When the last request left so far.</summary>
    public Instant LastDeparture { get; private set; }

    public ClientService Service { get; } = new();

    public IReadOnlyDictionary<string, long> Reasons => _reasons;

    public double WallSeconds => Stopwatch.GetElapsedTime(_started).TotalSeconds;

    public void Left(Sequence sequence)
    {
        LastDeparture = clock.Now;
        if (sequence.Outcome == Outcome.Finished)
        {
            predictor.Observe(sequence.Request);
            calls.Observe(sequence.Request);
        }
        if (sequence.Reason is { } reason) _reasons[reason] = _reasons.GetValueOrDefault(reason) + 1;
        Service.Add(sequence);
        Exposition?.Left(sequence);
        window?.Add(sequence);
        traffic?.Add(sequence);
        requests?.Add(sequence);
        trace?.Add(sequence);
        settings.Left?.Invoke(sequence);
        if (++_departures % DeparturesPerLook == 0) Report();
    }

    /// <summary>Tells the progress when enough wall time has passed since the last time.</summary>
    public void Report()
    {
        if (settings.Progress is not { } progress || Fleet is not { } fleet) return;
        double wall = WallSeconds;
        if (wall - _reportedAt < SecondsBetweenReports) return;
        _reportedAt = wall;
        progress(new(fleet.Arrived, fleet.Metrics.Finished, Expected, clock.Now.Seconds, wall));
    }
}
