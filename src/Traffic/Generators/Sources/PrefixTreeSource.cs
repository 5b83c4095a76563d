using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Generators.Arrivals;
using Orrery.Traffic.Generators.Lengths;
using Orrery.Traffic.Generators.Marks;
using Orrery.Traffic.Readers;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Generators.Sources;

/// <summary>
/// Recorded-like conversations as a tree of hashed blocks (the Mooncake traces' view): all prompts share root blocks; a further turn
/// keeps a part of its
/// predecessor's prompt blocks and adds new ones. Turns follow each other arrival to arrival.
/// </summary>
public sealed record PrefixTreeModel
{
    /// <summary>When sessions start.</summary>
    public required IArrivalProcess Starts { get; init; }

    /// <summary>Probability that a session has 1, 2, 3 … turns (relative).</summary>
    public required IReadOnlyList<double> TurnWeights { get; init; }

    /// <summary>From one turn's arrival to the next.</summary>
    public required IDistribution TurnGapSeconds { get; init; }

    /// <summary>Prompt and output of a first turn.</summary>
    public required ILengthModel First { get; init; }

    /// <summary>Tokens beyond the kept blocks, and the output, of a further turn.</summary>
    public required ILengthModel Next { get; init; }

    /// <summary>
    /// Share of the previous prompt's full blocks that a further turn keeps, from its quantile curve with values in (0, 1].
    /// </summary>
    public required IDistribution KeptShare { get; init; }

    public required int BlockTokens { get; init; }

    /// <summary>Blocks that every prompt starts with.</summary>
    public int RootBlocks { get; init; }

    /// <summary>The recorder's clock: arrivals are rounded down to its ticks; 0 = exact.</summary>
    public double TickSeconds { get; init; }
}

/// <summary>Plays a <see cref="PrefixTreeModel"/>; open loop.</summary>
public sealed class PrefixTreeSource : ITrafficSource
{
    private readonly PrefixTreeModel _model;
    private readonly ArrivalClock _starts;
    private readonly TrafficBudget _budget;
    private readonly Marker _marker;
    private readonly RandomStream _sessions;
    private readonly WeightedChoice _turns;
    private readonly PriorityQueue<Session, (long Nanoseconds, long Session)> _ready = new();
    private readonly ulong[] _roots;
    private Instant _nextStart;
    private long _started;
    private long _taken;

    public PrefixTreeSource(PrefixTreeModel model, RequestMarks marks, TrafficBudget budget, RandomStream random)
    {
        _model = model;
        _budget = budget;
        _marker = new Marker(marks, random.Split("marks"));
        _sessions = random.Split("sessions");
        _turns = new WeightedChoice(model.TurnWeights);
        RandomStream roots = random.Split("roots");
        _roots = [.. Enumerable.Range(0, model.RootBlocks).Select(_ => roots.NextUInt64() | 1)];
        _starts = model.Starts.Start(random.Split("arrivals"));
        _nextStart = Tick(budget.Arrival(_starts.Next(), 0));
    }

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
        bool isNew = _nextStart <= NextTurn;
        Session session = isNew ? new Session(_started, _sessions.Split(_started++)) : _ready.Dequeue();
        if (isNew)
        {
            session.TurnsLeft = _turns.Draw(session.Random) + 1;
            _nextStart = Tick(_budget.Arrival(_starts.Next(), 0));
        }
        Request request = Turn(session, at);
        if (--session.TurnsLeft > 0)
        {
            Instant next = Tick(at + Duration.FromSeconds(Math.Max(0, _model.TurnGapSeconds.Sample(session.Random))));
            if (next.Nanoseconds < _budget.Duration.Nanoseconds) _ready.Enqueue(session, (next.Nanoseconds, session.Number));
        }
        return request;
    }

    public void Dispose()
    {
    }

    private Request Turn(Session session, Instant at)
    {
        bool first = session.Blocks is null;
        (first ? _model.First : _model.Next).Draw(session.Prompts, session.Outputs, out int fresh, out int output);
        int kept = first ? 0 : (int)Math.Round(_model.KeptShare.Sample(session.Random) * session.FullBlocks, MidpointRounding.AwayFromZero);
        kept = first ? 0 : Math.Clamp(kept, Math.Min(_roots.Length, session.FullBlocks), session.FullBlocks);
        long tokens = Math.Min((long)(kept * _model.BlockTokens) + fresh, Readers.Formats.Limits.MaxTokens);
        var blocks = new TokenSpan[(tokens + _model.BlockTokens - 1) / _model.BlockTokens];
        for (int i = 0; i < blocks.Length; i++)
        {
            if (i < kept)
            {
                blocks[i] = session.Blocks![i];
                continue;
            }
            ulong id = i < _roots.Length ? _roots[i] : session.Ids.NextUInt64() | 1;
            blocks[i] = new TokenSpan(id, (int)Math.Min(_model.BlockTokens, tokens - ((long)i * _model.BlockTokens)));
        }
        session.Blocks = blocks;
        session.FullBlocks = (int)(tokens / _model.BlockTokens);
        TraceRow row = TraceRow.Blank;
        row.PromptTokens = (int)tokens;
        row.OutputTokens = output;
        row.Content = blocks;
        row.Session = session.Number;
        _marker.Apply(ref row);
        return row.ToRequest(_taken++, at);
    }

    private Instant Tick(Instant at)
    {
        long tick = Duration.FromSeconds(_model.TickSeconds).Nanoseconds;
        return tick == 0 || at.IsNever ? at : Instant.FromNanoseconds(at.Nanoseconds - (at.Nanoseconds % tick));
    }

    private sealed class Session(long number, RandomStream random)
    {
        internal long Number { get; } = number;

        internal RandomStream Random { get; } = random;

        internal RandomStream Prompts { get; } = random.Split("prompts");

        internal RandomStream Outputs { get; } = random.Split("outputs");

        internal RandomStream Ids { get; } = random.Split("content");

        internal TokenSpan[]? Blocks { get; set; }

        internal int FullBlocks { get; set; }

        internal int TurnsLeft { get; set; }
    }
}
