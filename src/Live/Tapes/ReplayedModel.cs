using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Orrery.Kernel.Processes;
using Orrery.Live.Designs;
using Orrery.Serving.Execution;
using Orrery.Serving.Metrics;
using Orrery.Serving.Replicas;
using Orrery.Serving.Sequences;
using Orrery.World.Cost;

namespace Orrery.Live.Tapes;

/// <summary>One model of a tape: its fleet with the tape as executor, and what the tape expects next.</summary>
internal sealed class ReplayedModel : IServingObserver, IStepObserver
{
    private readonly TapeExecutor _executor;
    private readonly LiveFleet _fleet;
    private readonly Dictionary<long, Sequence> _live = [];
    private readonly Queue<TapeLine> _plans = new();
    private readonly Queue<TapeLine> _departures = new();
    private readonly string _name;

    public ReplayedModel(Clock clock, LiveDesign design, ICostModel? stepTimes, int number)
    {
        _name = string.Create(CultureInfo.InvariantCulture, $"model {number} ({design.Model})");
        _executor = new(clock) { NextProposed = () => _plans.TryPeek(out TapeLine? next) ? next.Proposed : new HashSet<long>() };
        _fleet = new(clock, design, new(_executor) { Acceptance = _executor, Proposals = _executor, Steps = this, StepTimes = stepTimes }, this);
    }

    public long Decisions { get; private set; }

    public long Departures { get; private set; }

    /// <summary>The first thing that came out otherwise.</summary>
    public string? Difference { get; private set; }

    public void Expect(TapeLine line) => (line.Kind == TapeLineKind.Plan ? _plans : _departures).Enqueue(line);

    public void Arrive(TapeLine line)
    {
        Sequence sequence = _fleet.Fleet.Submit(line.Request!);
        if (sequence.Outcome == Outcome.Live) _live[sequence.Id] = sequence;
    }

    public void Cancel(TapeLine line)
    {
        if (_live.TryGetValue(line.Id, out Sequence? sequence)) _fleet.Fleet.Cancel(sequence, line.Outcome);
    }

    public void EndStep(TapeLine line)
    {
        if (!_executor.TryComplete(line.Accepted, line.Final)) Differ($"line {line.Number}: a step ended on the tape and none runs in the replay");
    }

    public void Planned(Replica replica, StepPlan plan)
    {
        string made = PlanRecord.Text(replica, plan, _executor.Proposed);
        _executor.Proposed.Clear();
        Compare(_plans, made, $"decision {++Decisions}");
    }

    public void Ended(Replica replica, StepRun run)
    {
    }

    public void Left(Sequence sequence)
    {
        _live.Remove(sequence.Id);
        ArrayBufferWriter<byte> buffer = new(128);
        using Utf8JsonWriter json = new(buffer);
        LeftRecord.Of(sequence).Write(json);
        json.Flush();
        Compare(_departures, Encoding.UTF8.GetString(buffer.WrittenSpan), $"departure {++Departures}");
    }

    /// <summary>Whatever the tape has of this instant must have happened.</summary>
    public void EndInstant()
    {
        if (_plans.TryPeek(out TapeLine? plan)) Differ($"line {plan.Number}: the tape has a decision that the replay did not make: {plan.Text}");
        if (_departures.TryPeek(out TapeLine? left)) Differ($"line {left.Number}: the tape has a departure that the replay has not: {left.Text}");
        _plans.Clear();
        _departures.Clear();
    }

    public void Differ(string what) => Difference ??= $"{_name}, {what}";

    private void Compare(Queue<TapeLine> expected, string made, string what)
    {
        if (!expected.TryDequeue(out TapeLine? line)) Differ($"{what}: the replay made {made} and the tape has none at this instant");
        else if (line.Text != made) Differ($"{what}, line {line.Number}: the tape has {line.Text} and the replay made {made}");
    }
}
