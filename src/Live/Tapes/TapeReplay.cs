using System.Globalization;
using Orrery.Kernel;
using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;
using Orrery.Live.Designs;
using Orrery.World.Cost;

namespace Orrery.Live.Tapes;

/// <summary>What a replay found.</summary>
/// <param name="Models">Models on the tape.</param>
/// <param name="Requests">Requests that arrived.</param>
/// <param name="Cancellations">Those of them that were cancelled from outside.</param>
/// <param name="Decisions">Decisions compared, empty ones included.</param>
/// <param name="Departures">Departures compared.</param>
/// <param name="Span">Time on the tape.</param>
/// <param name="IsCut">The tape has no end, as if its process was killed; the last instant, which may lack lines, was not compared.</param>
/// <param name="Difference">The first thing that came out otherwise, a sentence; null: everything was the same.</param>
public sealed record ReplayReport(
    int Models, long Requests, long Cancellations, long Decisions, long Departures, Duration Span, bool IsCut, string? Difference);

/// <summary>
/// Runs the policies of a tape again, in virtual time with the durations that were measured, and compares every decision: the batch of each step
/// with its order, what was preempted, swapped, drafted, the memory in use, and every departure.
/// </summary>
public sealed class TapeReplay
{
    private readonly TapeReader _reader;
    private readonly Func<LiveDesign, ICostModel?> _stepTimes;
    private readonly string _path;
    private readonly TapeClock _clock = new();
    private readonly List<ReplayedModel> _models = [];
    private readonly List<Action> _posts = [];
    private long _requests;
    private long _cancellations;

    private TapeReplay(string path, Func<LiveDesign, ICostModel?> stepTimes)
    {
        _path = path;
        _reader = new(path);
        _stepTimes = stepTimes;
    }

    /// <param name="path">The tape.</param>
    /// <param name="stepTimes">The profile that a design's policies were given; null where none was.</param>
    /// <exception cref="InputException">Not a tape, or one whose policies need what is not given.</exception>
    public static ReplayReport Run(string path, Func<LiveDesign, ICostModel?>? stepTimes = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        return new TapeReplay(path, stepTimes ?? (static _ => null)).Run();
    }

    private ReplayReport Run()
    {
        Instant last = Instant.Zero;
        Instant at = Instant.Never;
        foreach (TapeLine line in _reader.Lines())
        {
            if (line.Kind == TapeLineKind.Start)
            {
                Start(line);
                continue;
            }
            if (line.At < last) throw new InputException($"{_path} line {line.Number}: time runs backwards; make the tape anew");
            if (!at.IsNever && (line.At != at || line.Kind == TapeLineKind.Tick) && !RunInstant(at)) break;
            at = last = line.At;
            Take(line);
        }
        bool isWhole = FirstDifference() is null && (at.IsNever || _reader.IsCut || RunInstant(at));
        return new(_models.Count, _requests, _cancellations, _models.Sum(m => m.Decisions), _models.Sum(m => m.Departures), last - Instant.Zero, _reader.IsCut, isWhole ? null : FirstDifference());
    }

    private void Start(TapeLine line)
    {
        LiveDesign design = line.Design!;
        ICostModel? stepTimes = design.KnowsStepTimes
            ? _stepTimes(design) ?? throw new InputException($"{_path}: the policies of {design.Model} were given a profile of step times; give the same one with --step-times")
            : null;
        _models.Add(new(_clock, design, stepTimes, _models.Count));
    }

    private void Take(TapeLine line)
    {
        if (line.Kind == TapeLineKind.Tick) return;
        if ((uint)line.Model >= (uint)_models.Count) throw new InputException(string.Create(CultureInfo.InvariantCulture, $"{_path} line {line.Number}: model {line.Model} was never started; make the tape anew"));
        ReplayedModel model = _models[line.Model];
        switch (line.Kind)
        {
            case TapeLineKind.Plan:
            case TapeLineKind.Left:
                model.Expect(line);
                return;
            case TapeLineKind.Arrive:
                _requests++;
                _posts.Add(() => model.Arrive(line));
                return;
            case TapeLineKind.Cancel:
                _cancellations++;
                _posts.Add(() => model.Cancel(line));
                return;
            default:
                _posts.Add(() => model.EndStep(line));
                return;
        }
    }

    private bool RunInstant(Instant at)
    {
        try
        {
            _clock.RunAt(at, _posts);
        }
        catch (ProcessFaultException fault)
        {
            _models[0].Differ($"the replay failed at {at}: {fault.InnerException?.Message ?? fault.Message}");
        }
        _posts.Clear();
        foreach (ReplayedModel model in _models) model.EndInstant();
        return FirstDifference() is null;
    }

    private string? FirstDifference() => _models.Select(model => model.Difference).FirstOrDefault(difference => difference is not null);
}
