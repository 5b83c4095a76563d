using Orrery.Kernel;
using Orrery.Live.Replicas;
using Orrery.Live.Settings;
using Orrery.Serving.Scheduling;
using Orrery.Traffic.Requests;
using Orrery.World.Cost;

namespace Orrery.Live.Calibration;

/// <summary>What is tried.</summary>
public sealed record TrialOptions
{
    /// <summary>Shares of what the profile says the replica can serve (guide of fidelity: half loaded, and near saturation; our choice, d).</summary>
    public static readonly IReadOnlyList<double> UsualLoads = [0.5, 0.8];

    /// <summary>A GGUF file; null is the model that comes with the program.</summary>
    public string? File { get; init; }

    /// <summary>By name.</summary>
    public required IReadOnlyList<(string Name, SchedulerSpec Spec)> Schedulers { get; init; }

    /// <summary>Shares of the predicted capacity; unused where rates are given.</summary>
    public IReadOnlyList<double> Loads { get; init; } = UsualLoads;

    /// <summary>Arrivals per second; none takes <see cref="Loads"/>.</summary>
    public IReadOnlyList<double> Rates { get; init; } = [];

    /// <summary>Of each trial.</summary>
    public int Requests { get; init; } = 60;

    /// <summary>Threads of the engine; 0 = one per processor.</summary>
    public int Threads { get; init; }

    public ulong Seed { get; init; } = 1;

    public Action<string>? Progress { get; init; }
}

/// <summary>One scheduler at one rate: what happened, and what was predicted of the same arrivals.</summary>
/// <param name="Scheduler">Its name.</param>
/// <param name="RatePerSecond">Of the arrivals.</param>
/// <param name="Load">That rate over the predicted capacity.</param>
/// <param name="Measured">Live.</param>
/// <param name="Predicted">In virtual time.</param>
public sealed record LiveTrial(string Scheduler, double RatePerSecond, double Load, LiveRecord Measured, LiveRecord Predicted);

/// <summary>All trials, with the profile that predicted them.</summary>
/// <param name="Engine">With the CPU times that a run before the trials showed.</param>
/// <param name="Trials">In the order run.</param>
public sealed record TrialResult(CalibratedEngine Engine, IReadOnlyList<LiveTrial> Trials);

/// <summary>
/// Runs live replicas in this process on traffic of known lengths, and predicts each run from a profile that saw none of them. Every trial has a
/// replica of its own, so that nothing a scheduler learnt or a cache kept reaches from one into the next.
/// </summary>
public static class LiveTrials
{
    /// <summary>Requests of the run that shows the CPU's times, which is not judged.</summary>
    private const int WarmRequests = 24;

    /// <summary>Its load: busy enough to batch, and short.</summary>
    private const double WarmLoad = 0.7;

    /// <summary>Away from the trials' own.</summary>
    private const ulong WarmSeed = 0x5EED;

    /// <param name="engine">The calibration.</param>
    /// <param name="options">What is tried.</param>
    /// <param name="time">Wall time.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="InputException">The model or a scheduler cannot run live.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static TrialResult Run(CalibratedEngine engine, TrialOptions options, TimeProvider time, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(options);
        options.Progress?.Invoke("live: the time of the CPU around steps");
        LiveRecord warm = Serve(engine, options, options.Schedulers[0].Spec, WarmLoad, isShare: true, WarmRequests, options.Seed ^ WarmSeed, time, stop).Measured;
        (double step, double sequence) = CpuFit.Of(warm.Steps, engine.Profile.Engine.SequenceCpuSeconds ?? 0);
        CalibratedEngine fitted = engine.WithCpu(step, sequence);
        List<LiveTrial> trials = [];
        bool isShare = options.Rates.Count == 0;
        foreach ((string name, SchedulerSpec spec) in options.Schedulers)
        {
            foreach (double load in isShare ? options.Loads : options.Rates)
            {
                options.Progress?.Invoke(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"live: {name} at {load:0.##}{(isShare ? " of capacity" : "/s")}"));
                trials.Add(Serve(fitted, options, spec, load, isShare, options.Requests, options.Seed, time, stop) with { Scheduler = name });
            }
        }
        return new(fitted, trials);
    }

    private static LiveTrial Serve(
        CalibratedEngine engine, TrialOptions options, SchedulerSpec scheduler, double load, bool isShare, int requests, ulong seed, TimeProvider time, CancellationToken stop)
    {
        // Steps are predicted without what is fitted to them.
        ICostModel bare = engine.WithCpu(0, 0).Cost;
        bool isWarm = seed != options.Seed;
        LiveRecorder recorder = new(isWarm ? bare : engine.Cost);
        ModelSettings settings = new() { File = options.File, Scheduler = scheduler, Threads = options.Threads };
        LiveHost host = LiveHost.Start([settings], new() { Time = time, Tape = recorder, StepTimes = _ => engine.Cost });
        try
        {
            LiveModel model = (LiveModel)host.Models[0];
            double capacity = LivePrediction.Capacity(model.Design, TrialTraffic.Of(requests, 1, model.ContextLength, seed), engine.Cost);
            double rate = isShare ? load * capacity : load;
            IReadOnlyList<Request> traffic = TrialTraffic.Of(requests, rate, model.ContextLength, seed);
            LiveDriver.Run(model, traffic, time, seed, stop);
            // The loop has written its last line when it answers.
            host.StateAsync(stop).GetAwaiter().GetResult();
            return new("", rate, rate / capacity, recorder.Record, LivePrediction.Run(model.Design, recorder.Arrivals, engine.Cost));
        }
        finally
        {
            host.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }
}
