using Orrery.Kernel.Processes;
using Orrery.Live.Designs;
using Orrery.Live.Settings;
using Orrery.Live.Streams;
using Orrery.Live.Tapes;
using Orrery.Serving.Execution;
using Orrery.Serving.Fleets;
using Orrery.Serving.Memory;
using Orrery.Serving.Metrics;
using Orrery.Serving.Replicas;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Replicas;

/// <summary>What happens on the loop: requests enter the fleet, steps end, clients leave.</summary>
public sealed partial class LiveModel
{
    private readonly LiveFleet _fleet;
    private readonly Dictionary<long, LiveAnswer> _answers = [];
    private readonly ClientNumbers _clients = new();
    private readonly List<ILiveObserver> _observers = [];
    private readonly Action<string> _onFault;
    private readonly ITapeSink? _tape;
    private readonly int _number;
    private StepYield[] _yields = new StepYield[32];
    private long _arrived;
    private string? _fault;

    internal LiveModel(int number, ModelSettings settings, LoadedEngine engine, LiveDesign design, WallClock clock, LiveOptions options, Action<string> onFault)
    {
        _number = number;
        Settings = settings;
        Design = design;
        _engine = engine;
        _clock = clock;
        _onFault = onFault;
        _tape = options.Tape;
        _streamCapacity = options.StreamCapacity;
        CreatedUnixSeconds = options.Time.GetUtcNow().ToUnixTimeSeconds();
        Adapters = [.. settings.Adapters.Select(adapter => adapter.Name)];
        _content = design.PrefixCache ? options.Content ?? ContentKey.Secret() : null;
        _buffers = new(VocabularySize);
        _store = new(engine.Model.KvShape, settings.KvType, design.Blocks);
        try
        {
            KvPages pages = new(design.Blocks);
            _drafts = settings.Draft is { } draft ? new(draft, engine, settings, design, _answers, sequence => _tape?.Proposed(number, sequence)) : null;
            _thread = new($"engine of {Id}");
            EngineExecutor executor = new(clock, _thread, new EngineStep(engine.Model, _store, pages, _drafts), _answers, Deliver, Fail);
            Watcher watcher = new(this, _tape?.Started(number, design));
            _fleet = new(clock, design, new(executor)
            {
                Pages = pages,
                Copies = new HostCopies(_store, pages),
                Proposals = _drafts,
                Acceptance = _drafts,
                Steps = watcher,
                StepTimes = options.StepTimes(settings),
            }, watcher);
        }
        catch
        {
            _drafts?.Dispose();
            _store.Dispose();
            throw;
        }
        _thread.Open();
        foreach (Func<LiveModel, ILiveObserver> create in options.Observers) _observers.Add(create(this));
    }

    /// <inheritdoc/>
    public string? Fault => Volatile.Read(ref _fault);

    /// <summary>Answers that have not left the fleet.</summary>
    internal int LiveAnswers => _answers.Count;

    /// <summary>Told when an answer has left.</summary>
    internal Action OnLeft { get; init; } = static () => { };

    /// <summary>Ends what is left, with a reason.</summary>
    internal void Abandon(string reason)
    {
        EndAll(reason);
        foreach (LiveAnswer answer in _answers.Values.ToArray())
        {
            answer.IsGone = true;
            if (answer.Sequence is { } sequence) CancelInFleet(sequence);
        }
    }

    private void Submit(LiveAnswer answer, TokenSpan[]? content)
    {
        // Whoever refuses has ended it already.
        if (!_open.ContainsKey(answer)) return;
        if (Volatile.Read(ref _refusal) is { } refusal)
        {
            EndOpen(answer, StreamEnd.Failed, refusal);
            return;
        }
        GenerationRequest asked = answer.Request;
        ToolCall[]? calls = asked.Calls is { Count: > 0 } scripted ? [.. scripted.Select(call => call.Call)] : null;
        long room = Design.MaxModelTokens - (long)asked.Prompt.Length - (calls?.Sum(call => (long)call.ReturnTokens) ?? 0);
        int limit = (int)Math.Max(1, asked.MaxTokens > 0 ? Math.Min(asked.MaxTokens, room) : room);
        Request request = new()
        {
            Id = _arrived++,
            Label = asked.Id,
            Arrival = _clock.Now,
            PromptTokens = asked.Prompt.Length,
            OutputTokens = limit,
            MaxTokens = limit,
            Client = _clients.Of(asked.Client),
            Priority = asked.Priority,
            Adapter = asked.Adapter,
            Content = content,
            Timeout = asked.Timeout,
            Calls = calls,
        };
        // Before the fleet sees it: one that is refused leaves at once.
        _answers.Add(request.Id, answer);
        _tape?.Arrived(_number, request);
        Sequence sequence = Fleet.Submit(request);
        answer.Sequence = sequence;
        foreach (ILiveObserver observer in _observers) observer.Submitted(sequence);
        Publish();
    }

    /// <summary>The client does not want the rest.</summary>
    private void Leave(LiveAnswer answer, StreamEnd end = StreamEnd.Cancelled)
    {
        if (answer.IsGone) return;
        answer.IsGone = true;
        EndOpen(answer, end);
        if (answer.Sequence is { } sequence) CancelInFleet(sequence);
    }

    private void CancelInFleet(Sequence sequence)
    {
        if (_fault is not null || sequence.Outcome != Outcome.Live || sequence.HasClientLeft) return;
        _tape?.Cancelled(_number, sequence, Outcome.Cancelled);
        Fleet.Cancel(sequence, Outcome.Cancelled);
        foreach (ILiveObserver observer in _observers) observer.Cancelled(sequence);
    }

    /// <summary>A step has ended: its tokens go to their readers, and answers that end say so.</summary>
    private void Deliver(EngineStep step, StepRun run)
    {
        if (_yields.Length < step.Count) _yields = new StepYield[2 * step.Count];
        int yields = 0;
        foreach (ref readonly EngineStep.Part part in step.Parts)
        {
            LiveAnswer answer = part.Answer;
            Sequence sequence = answer.Sequence!;
            if (!part.Samples) continue;
            int endsAt = -1;
            if (!answer.IsGone && !sequence.HasClientLeft)
            {
                bool isTaken = answer.TryDeliver();
                if (answer.End != StreamEnd.None)
                {
                    // A failure yields no token, but the step counts one.
                    endsAt = Math.Max(answer.Produced, sequence.GeneratedTokens + 1);
                    sequence.EndAt(endsAt);
                    EndOpen(answer, isTaken ? answer.End : StreamEnd.Overflow, answer.Failure);
                }
                else if (!isTaken)
                {
                    Leave(answer, StreamEnd.Overflow);
                }
            }
            _yields[yields++] = new(sequence, answer.Accepted, endsAt);
        }
        _tape?.Completing(_number, run, _yields.AsSpan(0, yields));
    }

    private void Left(Sequence sequence)
    {
        if (!_answers.Remove(sequence.Id, out LiveAnswer? answer)) return;
        // No step runs while anybody leaves, so the draft's pages are nobody else's now.
        answer.Drafter?.Dispose();
        switch (sequence.Outcome)
        {
            case Outcome.Finished:
                break;
            case Outcome.Rejected:
                EndOpen(answer, StreamEnd.Rejected, sequence.Reason);
                break;
            case Outcome.TimedOut:
                EndOpen(answer, StreamEnd.TimedOut);
                break;
            case Outcome.Cancelled:
                EndOpen(answer, StreamEnd.Cancelled);
                break;
            case Outcome.Live:
            default:
                throw new InvalidOperationException($"{sequence} left without an outcome");
        }
        OnLeft();
    }

    /// <summary>The engine threw: the step it was in never ends, and nobody can be served here any more.</summary>
    private void Fail(Exception error)
    {
        string fault = $"the engine of model {Id} failed: {error.Message}";
        Volatile.Write(ref _fault, fault);
        // Before the answers end: whoever reads one of them may ask at once why.
        _onFault(fault);
        EndAll(fault);
        _answers.Clear();
        // Nobody runs or waits here any more, whatever the replica still holds.
        Volatile.Write(ref _running, 0);
        Volatile.Write(ref _waiting, 0);
        OnLeft();
    }

    private void Publish()
    {
        Volatile.Write(ref _running, Replica.RunningRequests);
        Volatile.Write(ref _waiting, Replica.WaitingRequests);
        Volatile.Write(ref _kvUse, (double)Replica.UsedBlocks / Replica.Memory.TotalBlocks);
    }

    /// <summary>Hears of decisions and departures, and passes them on.</summary>
    private sealed class Watcher(LiveModel model, IStepObserver? tape) : IServingObserver, IStepObserver
    {
        public void Left(Sequence sequence)
        {
            model._tape?.Left(model._number, sequence);
            model.Left(sequence);
            foreach (ILiveObserver observer in model._observers) observer.Left(sequence);
        }

        public void Planned(Replica replica, StepPlan plan)
        {
            tape?.Planned(replica, plan);
            model.Publish();
            foreach (ILiveObserver observer in model._observers) observer.Planned(replica, plan);
        }

        public void Ended(Replica replica, StepRun run)
        {
            tape?.Ended(replica, run);
            foreach (ILiveObserver observer in model._observers) observer.Ended(replica, run);
        }
    }
}
