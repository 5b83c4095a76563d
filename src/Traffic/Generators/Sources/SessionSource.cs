using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Generators.Arrivals;
using Orrery.Traffic.Generators.Lengths;
using Orrery.Traffic.Generators.Marks;
using Orrery.Traffic.Readers;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Generators.Sources;

/// <summary>
/// Conversations whose prompt repeats what was said: system prompt, then every earlier turn and answer, then the new words.
/// </summary>
public sealed record SessionModel
{
    /// <summary>When sessions (not requests) start.</summary>
    public required IArrivalProcess Starts { get; init; }

    /// <summary>Turns of a session; rounded, at least 1.</summary>
    public required IDistribution Turns { get; init; }

    /// <summary>New tokens of a turn and the answer's tokens.</summary>
    public required ILengthModel Lengths { get; init; }

    /// <summary>From the end of a turn (or its arrival, see <see cref="OpenLoop"/>) to the next turn.</summary>
    public required IDistribution ThinkSeconds { get; init; }

    /// <summary>Tokens of a system prompt; 0: none.</summary>
    public int SystemTokens { get; init; }

    /// <summary>Number of different system prompts; sessions choose by Zipf with <see cref="SystemSkew"/>.</summary>
    public int SystemPrompts { get; init; } = 1;

    public double SystemSkew { get; init; }

    /// <summary>A session ends before the turn whose prompt and answer would be longer.</summary>
    public int MaxContextTokens { get; init; } = int.MaxValue;

    /// <summary>Turns are spaced from arrival to arrival, without waiting for the answer: for recorded-like traffic.</summary>
    public bool OpenLoop { get; init; }
}

/// <summary>
/// Plays a <see cref="SessionModel"/>. A session's content never changes with the timing: its streams are keyed by its number. Spans of
/// prompt and answer carry identities, so a prefix
/// cache sees exactly the shared history; an answer is taken as produced in full, also when the system cut the turn short.
/// </summary>
public sealed class SessionSource : ITrafficSource
{
    private readonly SessionModel _model;
    private readonly ArrivalClock _starts;
    private readonly TrafficBudget _budget;
    private readonly RandomStream _sessions;
    private readonly Marker _marker;
    private readonly WeightedChoice _systems;
    private readonly PriorityQueue<Session, (long Nanoseconds, long Session)> _ready = new();
    private readonly Dictionary<long, Session> _waiting = [];
    private Instant _nextStart;
    private long _started;
    private long _taken;

    public SessionSource(SessionModel model, RequestMarks marks, TrafficBudget budget, RandomStream random)
    {
        _model = model;
        _budget = budget;
        _sessions = random.Split("sessions");
        _marker = new Marker(marks, random.Split("marks"));
        _systems = WeightedChoice.Zipf(Math.Max(1, model.SystemPrompts), model.SystemSkew);
        _starts = model.Starts.Start(random.Split("arrivals"));
        _nextStart = budget.Arrival(_starts.Next(), 0);
    }

    public bool IsClosedLoop => !_model.OpenLoop;

    public long? ExpectedRequests => _budget.Requests;

    public int ClientCount => _marker.ClientCount;

    public string ClientName(int client) => _marker.ClientName(client);

    public Instant NextArrival => _taken >= (_budget.Requests ?? long.MaxValue) ? Instant.Never : Instant.Min(_nextStart, NextTurn);

    private Instant NextTurn =>
        _ready.TryPeek(out _, out (long Nanoseconds, long Session) next) ? Instant.FromNanoseconds(next.Nanoseconds) : Instant.Never;

    public Request Take()
    {
        Instant at = NextArrival;
        if (at.IsNever) throw new InvalidOperationException("no request is pending");
        Session session;
        if (_nextStart <= NextTurn)
        {
            session = Start();
            _nextStart = _budget.Arrival(_starts.Next(), 0);
        }
        else
        {
            session = _ready.Dequeue();
        }
        Request request = session.Turn(_taken++, at, session.NewTokens, session.OutputTokens);
        if (_model.OpenLoop) Continue(session, at);
        else _waiting.Add(session.Number, session);
        return request;
    }

    public void Completed(Request request, Instant at)
    {
        if (_waiting.Remove(request.Session, out Session? session)) Continue(session, at);
    }

    public void Dispose()
    {
    }

    private Session Start()
    {
        RandomStream random = _sessions.Split(_started);
        TraceRow marks = TraceRow.Blank;
        marks.PromptTokens = 1;
        _marker.Apply(ref marks);
        int system = _systems.Draw(random);
        TokenSpan[] head = marks.Content ?? [];
        if (_model.SystemTokens > 0) head = [.. head,
            new TokenSpan(_sessions.Split("system").Split(system).NextUInt64() | 1, _model.SystemTokens)];
        var session = new Session(_started++, random, head, marks, Tokens.Whole(_model.Turns.Sample(random)));
        session.DrawLengths(_model.Lengths);
        return session;
    }

    private void Continue(Session session, Instant from)
    {
        if (!session.HasMoreTurns) return;
        double think = Math.Max(0, _model.ThinkSeconds.Sample(session.Thinks));
        session.DrawLengths(_model.Lengths);
        if (session.ContextTokens + session.NewTokens + session.OutputTokens > _model.MaxContextTokens) return;
        Instant at = from + Duration.FromSeconds(think);
        if (at.Nanoseconds < _budget.Duration.Nanoseconds) _ready.Enqueue(session, (at.Nanoseconds, session.Number));
    }

    private sealed class Session(long number, RandomStream random, TokenSpan[] head, TraceRow marks, int turns)
    {
        private readonly List<TokenSpan> _history = [.. head];
        private readonly RandomStream _prompts = random.Split("prompts");
        private readonly RandomStream _outputs = random.Split("outputs");
        private readonly RandomStream _ids = random.Split("content");
        private TraceRow _row = marks;
        private int _turnsDone;

        internal long Number { get; } = number;

        internal RandomStream Thinks { get; } = random.Split("think");

        internal bool HasMoreTurns => _turnsDone < turns;

        internal long ContextTokens { get; private set; } = head.Sum(span => (long)span.Tokens);

        internal int NewTokens { get; private set; }

        internal int OutputTokens { get; private set; }

        internal void DrawLengths(ILengthModel lengths)
        {
            lengths.Draw(_prompts, _outputs, out int prompt, out int output);
            NewTokens = prompt;
            OutputTokens = output;
        }

        internal Request Turn(long id, Instant at, int newTokens, int outputTokens)
        {
            _history.Add(new TokenSpan(_ids.NextUInt64() | 1, newTokens));
            ContextTokens += newTokens;
            _row.Session = Number;
            _row.PromptTokens = (int)Math.Min(ContextTokens, int.MaxValue);
            _row.OutputTokens = outputTokens;
            _row.Content = [.. _history];
            _row.OutputContentId = _ids.NextUInt64() | 1;
            _history.Add(new TokenSpan(_row.OutputContentId, outputTokens));
            ContextTokens += outputTokens;
            _turnsDone++;
            return _row.ToRequest(id, at);
        }
    }
}
