using Orrery.Kernel.Time;
using Orrery.Live.Designs;
using Orrery.Live.Tapes;
using Orrery.Serving.Execution;
using Orrery.Serving.Metrics;
using Orrery.Serving.Replicas;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;
using Orrery.World.Cost;
using Orrery.World.Steps;

namespace Orrery.Live.Calibration;

/// <summary>
/// Listens to the one model of a live process, or of a simulation of it: arrivals as the loop stamped them, what became of each, and every step with
/// what a profile predicts for it. Read it when the run is over.
/// </summary>
public sealed class LiveRecorder : ITapeSink, IStepObserver, IServingObserver
{
    private readonly StepCost? _cost;
    private readonly StepShape _shape = new();
    private readonly List<LiveOutcome> _outcomes = [];
    private readonly List<LiveStep> _steps = [];
    private readonly List<Request> _arrivals = [];
    private LiveStep _planned;

    /// <param name="cost">Prices the steps; null leaves the prediction at 0.</param>
    public LiveRecorder(ICostModel? cost = null) => _cost = cost?.CreateStep();

    /// <summary>What the decisions of the model depend on; null before it was loaded.</summary>
    public LiveDesign? Design { get; private set; }

    /// <summary>In the order in which the loop saw them.</summary>
    public IReadOnlyList<Request> Arrivals => _arrivals;

    /// <summary>Everything that was heard.</summary>
    public LiveRecord Record => new([.. _outcomes], [.. _steps]);

    public void OnInstant(Instant at)
    {
    }

    public IStepObserver Started(int model, LiveDesign design)
    {
        Design ??= design;
        return this;
    }

    public void Arrived(int model, Request request) => _arrivals.Add(request);

    public void Cancelled(int model, Sequence sequence, Outcome outcome)
    {
    }

    public void Proposed(int model, Sequence sequence)
    {
    }

    public void Completing(int model, StepRun run, ReadOnlySpan<StepYield> yields)
    {
    }

    public void Left(int model, Sequence sequence) => Left(sequence);

    public void Left(Sequence sequence)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        if (sequence.Outcome == Outcome.Finished)
            _outcomes.Add(new(sequence.Request, sequence.FirstToken, sequence.LastToken, sequence.GeneratedTokens, sequence.Preemptions));
    }

    public void Planned(Replica replica, StepPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        _shape.Clear();
        plan.Describe(_shape);
        if (_shape.IsEmpty) return;
        _cost?.Prepare(_shape);
        StepKind kind = _shape.IsDecodeOnly ? StepKind.Decode : _shape.DecodeSequences == 0 ? StepKind.Prefill : StepKind.Mixed;
        _planned = new(kind, _shape.DecodeSequences + _shape.Chunks.Length, 0, _cost?.At(0).Seconds ?? 0);
    }

    public void Ended(Replica replica, StepRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        _steps.Add(_planned with { Seconds = (run.LastEnd - run.Start).Seconds });
    }
}
