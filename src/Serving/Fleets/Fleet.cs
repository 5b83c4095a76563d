using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Metrics;
using Orrery.Serving.Replicas;
using Orrery.Serving.Routing;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Predictors;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Fleets;

/// <summary>
/// Replicas behind a router, fed by traffic. Arrivals are routed in the phase React: after every completion of their instant and before
/// any replica plans. This file: arrivals and departures; the replicas' lives, and what moves between them, have files of their own.
/// </summary>
public sealed partial class Fleet : IFleetView, IServingObserver
{
    private readonly Clock _clock;
    private readonly IRouter _router;
    private readonly Func<Request, int> _predictOutputTokens;
    private readonly IRemainingPredictor? _remaining;
    private readonly ICallPredictor? _calls;
    private readonly RandomStream _readers;
    private readonly IServingObserver _observer;
    private readonly Deadlines _deadlines;
    private readonly List<Replica> _replicas = [];
    private readonly Signal _feedback;
    private ITrafficSource? _source;

    /// <param name="predictOutputTokens">Estimate of a request's output length, 0 for none; from a predictor.</param>
    /// <param name="observer">Learns of every request that leaves.</param>
    /// <param name="remaining">Looks at requests while they run; null for nothing.</param>
    /// <param name="calls">Foretells tool calls; null for nothing.</param>
    /// <param name="readers">Who reads which answer, keyed by request; needed where readers differ.</param>
    /// <param name="options">How requests move between replicas and how late the fleet is seen; null: they do not, and at once.</param>
    public Fleet(
        Clock clock, IRouter router, ServingMetrics metrics, Func<Request, int> predictOutputTokens, IServingObserver observer,
        IRemainingPredictor? remaining = null, ICallPredictor? calls = null, RandomStream? readers = null, FleetOptions? options = null)
    {
        _remaining = remaining;
        _calls = calls;
        _readers = readers ?? RandomStream.Root(0);
        _clock = clock;
        _router = router;
        Metrics = metrics;
        _predictOutputTokens = predictOutputTokens;
        _observer = observer;
        _feedback = new(clock, "the next arrival");
        _deadlines = new(clock, Abandon);
        _options = options ?? new();
        bool isLate = _options.Observation.IsLate;
        _arrivalView = new(clock, isLate);
        _decodeView = new(clock, isLate);
        _servingView = new(clock, isLate);
        _controlView = new(clock, isLate);
        _links = new(clock, _options.Links);
        _handOvers = new(clock, _options.HandOver, _links, Moves, index => _members[index]) { Arrived = StopIfEmpty, Fallen = ChooseDecoder, Choose = SendToDecoder };
        _migrations = new(clock, _links, Moves) { Left = StopIfEmpty };
    }

    public ServingMetrics Metrics { get; }

    public IReadOnlyList<Replica> Replicas => _replicas;

    /// <summary>The same with their roles and lives.</summary>
    public IReadOnlyList<FleetMember> Members => _members;

    /// <summary>What moved between replicas.</summary>
    public FleetMoves Moves { get; } = new();

    /// <summary>Requests taken from the traffic.</summary>
    public long Arrived { get; private set; }

    /// <summary>Requests that are neither finished nor gone.</summary>
    public long Live { get; private set; }

    /// <summary>True once the traffic has no more requests and none can follow.</summary>
    public bool IsTrafficOver { get; private set; }

    private bool IsOver => IsTrafficOver && Live == 0;

    Instant IFleetView.Now => _clock.Now;

    int IFleetView.Count => _arrivalView.Count;

    /// <summary>Adds a replica. Its index must be the next one; those that take no requests come last.</summary>
    /// <param name="parts">What it is made of.</param>
    /// <param name="port">Bandwidth of its ports to other replicas; null for the usual.</param>
    public Replica Add(ReplicaParts parts, BytesPerSecond? port = null)
    {
        if (parts.Index != _replicas.Count) throw new ArgumentException($"replica {parts.Index} added as number {_replicas.Count}", nameof(parts));
        if (parts.TakesRequests && _members.Any(member => !member.TakesRequests)) throw new ArgumentException($"replica {parts.Index} takes requests and was added after one that does not", nameof(parts));
        Replica replica = new(_clock, parts, Metrics, this);
        _replicas.Add(replica);
        FleetMember member = new(replica, parts.Role, parts.TakesRequests, _clock.Now);
        _members.Add(member);
        Connect(member, port);
        Regroup();
        return replica;
    }

    /// <summary>Starts feeding a traffic source; the fleet takes its requests as they come due.</summary>
    public void Feed(ITrafficSource source)
    {
        _source = source;
        _clock.Spawn("arrivals", Arrivals, background: true);
        StartControllers();
    }

    int IFleetView.LiveRequests(int replica) => _arrivalView.LiveRequests(replica);

    long IFleetView.LiveTokens(int replica) => _arrivalView.LiveTokens(replica);

    double IFleetView.KvUse(int replica) => _arrivalView.KvUse(replica);

    int IFleetView.CachedTokens(int replica, Sequence sequence) => _arrivalView.CachedTokens(replica, sequence);

    void IServingObserver.Left(Sequence sequence)
    {
        Live--;
        LastRequest = _clock.Now;
        if (sequence.Replica >= 0) _router.Left(sequence);
        _observer.Left(sequence);
        if (sequence.Replica >= 0) StopIfEmpty(_members[sequence.Replica]);
        EndOtherWorkIfOver();
        // A client that left by itself was told at that moment.
        if (sequence.CancelledAt.IsNever) TellSource(sequence);
        else if (Live == 0) _feedback.Set(Phase.React);
    }

    private async ValueTask Arrivals()
    {
        ITrafficSource source = _source!;
        while (true)
        {
            while (source.NextArrival <= _clock.Now) Submit(source.Take());
            Instant next = source.NextArrival;
            if (next.IsNever && (!source.IsClosedLoop || Live == 0))
            {
                IsTrafficOver = true;
                EndOtherWorkIfOver();
                return;
            }
            if (source.IsClosedLoop) await _feedback.Wait(next, Phase.React);
            else await _clock.Until(next, Phase.React);
        }
    }

    private void EndOtherWorkIfOver()
    {
        if (!IsOver) return;
        foreach (Replica replica in _replicas) replica.EndOtherWork();
    }

    /// <summary>A request arrives now: it is routed and handed to a replica, or refused; it waits where no replica serves.</summary>
    /// <returns>Its sequence; <see cref="Outcome.Rejected"/>, with the reason, where it could never run.</returns>
    public Sequence Submit(Request request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Arrived++;
        Live++;
        LastRequest = _clock.Now;
        Sequence sequence = NewSequence(request, _longest);
        if (_arrivalView.Count == 0) return WaitForReplica(sequence, request);
        (FleetMember member, int decode, bool handsOver) = Place(sequence);
        int limit = handsOver ? Math.Min(member.Replica.MaxModelTokens, _decodeLimit) : member.Replica.MaxModelTokens;
        if (limit != _longest) sequence = NewSequence(request, limit);
        sequence.HandsOver = handsOver;
        sequence.DecodeReplica = decode;
        string? reason = TooLong(request, limit) ?? member.Replica.Refuses(sequence);
        if (reason is not null)
        {
            // Whoever placed it counted it.
            _router.Left(sequence);
            // Of unlike replicas another may hold it.
            int other = handsOver ? -1 : FirstThatHolds(sequence);
            if (other < 0)
            {
                Reject(sequence, reason);
                return sequence;
            }
            member = _arrivalView[other];
            sequence = NewSequence(request, member.Replica.MaxModelTokens);
            sequence.HandsOver = member.Role == ReplicaRole.Prefill;
        }
        _deadlines.Watch(sequence);
        Hand(sequence, member);
        return sequence;
    }

    /// <summary>Nobody waits for a sequence any more: it leaves at the end of the step it is in, or at the next plan. Harmless once it has left.</summary>
    public void Cancel(Sequence sequence, Outcome outcome)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        if (sequence.Outcome == Outcome.Live) Abandon(sequence, outcome);
    }

    private (FleetMember Member, int Decode, bool HandsOver) Place(Sequence sequence)
    {
        FleetView view = _router.SeesAllRoles ? _servingView : _arrivalView;
        Route route = view.Count > 1 ? _router.Place(sequence, view) : new(0);
        if ((uint)route.Replica >= (uint)view.Count) throw new InvalidOperationException($"the router chose replica {route.Replica} of {view.Count}");
        if (route.Decode >= view.Count) throw new InvalidOperationException($"the router chose replica {route.Decode} of {view.Count} to decode");
        FleetMember member = view[route.Replica];
        if (route.Decode >= 0) return (member, view[route.Decode].Replica.Index, route.Decode != route.Replica);
        return (member, -1, route.Decode == Route.Later || member.Role == ReplicaRole.Prefill);
    }

    private void Hand(Sequence sequence, FleetMember member)
    {
        member.SentSince++;
        member.SentTokensSince += sequence.TotalTokens;
        member.Replica.Submit(sequence);
    }

    private Sequence NewSequence(Request request, int maxModelTokens)
    {
        int room = Math.Max(1, maxModelTokens - request.PromptTokens - ReturnTokens(request));
        int limit = request.MaxTokens > 0 ? Math.Min(request.MaxTokens, room) : room;
        return new Sequence(request, limit, _predictOutputTokens(request))
        {
            Remaining = _remaining?.Track(request),
            Forecasts = _calls?.Track(request),
            Reading = Metrics.QoeRule.ReaderOf(request.Id, _readers),
        };
    }

    private static string? TooLong(Request request, int maxModelTokens)
    {
        int output = request.MaxTokens > 0 ? Math.Min(request.OutputTokens, request.MaxTokens) : request.OutputTokens;
        int returned = ReturnTokens(request);
        if (request.PromptTokens + output + returned <= maxModelTokens) return null;
        return returned == 0
            ? "prompt and output are longer than the maximum model length"
            : "prompt, output and what tools return are longer than the maximum model length";
    }

    private static int ReturnTokens(Request request)
    {
        int tokens = 0;
        foreach (ToolCall call in request.Calls ?? [])
            if (call.AfterTokens < request.OutputTokens) tokens += call.ReturnTokens;
        return tokens;
    }

    private void Reject(Sequence sequence, string reason)
    {
        sequence.Outcome = Outcome.Rejected;
        sequence.Reason = reason;
        sequence.End = _clock.Now;
        Metrics.Left(sequence);
        ((IServingObserver)this).Left(sequence);
    }

    private void Abandon(Sequence sequence, Outcome outcome)
    {
        if (!LeavesQueue(sequence, outcome)) _replicas[sequence.Replica].Cancel(sequence, outcome);
        // Whoever waits behind it for the same replica need not any more.
        if (sequence is { IsMoving: true, DecodeReplica: >= 0 }) _handOvers.HasRoom(sequence.DecodeReplica);
        TellSource(sequence);
    }

    private void TellSource(Sequence sequence)
    {
        if (_source is not { IsClosedLoop: true } source) return;
        source.Completed(sequence.Request, _clock.Now);
        _feedback.Set(Phase.React);
    }
}
