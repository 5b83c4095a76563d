using Orrery.Kernel.Statistics;
using Orrery.Lab.Results;
using Orrery.Lab.Scenarios;
using Orrery.Serving.Metrics;
using Orrery.Serving.Sequences;

namespace Orrery.Lab.Runs;

/// <summary>Figures of a part of a run: latencies of the requests that arrived in it, gaps that ended in it, throughput and service of the requests that left in it.</summary>
internal sealed class WindowTally(RunWindow window, Scenario scenario)
{
    private readonly QuantileSketch _ttft = new();
    private readonly QuantileSketch _tpot = new();
    private readonly QuantileSketch _endToEnd = new();
    private readonly QuantileSketch _queue = new();
    private readonly QuantileSketch _normalized = new();
    private readonly QuantileSketch _qoe = new();
    private long _arrived;
    private long _finished;
    private long _rejected;
    private long _cancelled;
    private long _timedOut;
    private long _met;
    private long _leftFinished;
    private long _leftPrompt;
    private long _leftOutput;

    public ClientService Service { get; } = new();

    /// <summary>Counts the gaps of the window; serving feeds it. Null where only some requests count: gaps are told without their requests.</summary>
    public GapWindow? Gaps { get; } = window.Priority is null ? new(window.From, window.To) : null;

    public void Add(Sequence sequence)
    {
        if (!window.Counts(sequence)) return;
        if (window.Contains(sequence.End)) Left(sequence);
        if (window.Contains(sequence.Arrival)) Arrived(sequence);
    }

    /// <summary>The window's figures in the form of a run's; what exists for whole runs only is absent.</summary>
    public RunResult Result(RunResult whole) => whole with
    {
        Figures = RunMetricTable.Measure(new()
        {
            Seconds = window.Seconds(whole.Simulation.VirtualSeconds),
            Ttft = _ttft,
            Tpot = _tpot,
            Gaps = Gaps?.Gaps ?? new(),
            EndToEnd = _endToEnd,
            Queue = _queue,
            Normalized = _normalized,
            Qoe = _qoe,
            Arrived = _arrived,
            Finished = _finished,
            Rejected = _rejected,
            Cancelled = _cancelled,
            TimedOut = _timedOut,
            MetObjective = _met,
            Departed = _leftFinished,
            PromptTokens = _leftPrompt,
            OutputTokens = _leftOutput,
            OptimalTokensPerSecond = ResultBuilder.OptimalTokensPerSecond(scenario),
        }),
        Expectations = [],
    };

    private void Left(Sequence sequence)
    {
        Service.Add(sequence);
        _leftOutput += sequence.GeneratedTokens;
        if (sequence.Outcome != Outcome.Finished) return;
        _leftFinished++;
        _leftPrompt += sequence.PromptTokens;
    }

    private void Arrived(Sequence sequence)
    {
        _arrived++;
        if (!sequence.FirstScheduled.IsNever) _queue.Add((sequence.FirstScheduled - sequence.Arrival).Nanoseconds);
        if (!sequence.FirstToken.IsNever) _ttft.Add((sequence.FirstToken - sequence.Arrival).Nanoseconds);
        switch (sequence.Outcome)
        {
            case Outcome.Finished:
                Finished(sequence);
                break;
            case Outcome.Rejected:
                _rejected++;
                break;
            case Outcome.Cancelled:
                _cancelled++;
                break;
            default:
                _timedOut++;
                break;
        }
    }

    private void Finished(Sequence sequence)
    {
        _finished++;
        long total = (sequence.LastToken - sequence.Arrival).Nanoseconds;
        _endToEnd.Add(total);
        _normalized.Add(total / sequence.GeneratedTokens);
        _qoe.Add((long)Math.Round(sequence.QualityOfExperience(scenario.Qoe) * ServingMetrics.QoePartsPerOne));
        if (sequence.GeneratedTokens > 1) _tpot.Add(sequence.TimePerToken.Nanoseconds);
        if (sequence.Meets(scenario.Slo)) _met++;
    }
}
