using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Metrics;
using Orrery.Serving.Replicas;
using Orrery.Serving.Routing;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Predictors;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Fleets;

/// <summary>
/// Replicas behind a router, fed by traffic. Arrivals are routed in the phase React: after every completion of their instant and before
/// any replica plans.
/// </summary>
public sealed class Fleet : IFleetView, IServingObserver
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
    private int _serving;
    private ITrafficSource? _source;

    /// <param name="predictOutputTokens">Estimate of a request's output length, 0 for none; from a predictor.</param>
    /// <param name="observer">Learns of every request that leaves.</param>
    /// <param name="remaining">Looks at requests while they run; null for nothing.</param>
    /// <param name="calls">Foretells tool calls; null for nothing.</param>
    /// <param name="readers">Who reads which answer, keyed by request; needed where readers differ.</param>
    public Fleet(
        Clock clock, IRouter router, ServingMetrics metrics, Func<Request, int> predictOutputTokens, IServingObserver observer,
        IRemainingPredictor? remaining = null, ICallPredictor? calls = null, RandomStream? readers = null)
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
    }

    public ServingMetrics Metrics { get; }

    public IReadOnlyList<Replica> Replicas => _replicas;

    /// <summary>Requests taken from the traffic.</summary>
    public long Arrived { get; private set; }

    /// <summary>Requests that are neither finished nor gone.</summary>
    public long Live { get; private set; }

    /// <summary>True once the traffic has no more requests and none can follow.</summary>
    public bool IsTrafficOver { get; private set; }

    Instant IFleetView.Now => _clock.Now;

    int IFleetView.Count => _serving;

    /// <summary>Adds a replica. Its index must be the next one; those that take no requests come last.</summary>
    public Replica Add(ReplicaParts parts)
    {
        if (parts.Index != _replicas.Count) throw new ArgumentException($"replica {parts.Index} added as number {_replicas.Count}", nameof(parts));
        if (parts.TakesRequests && _serving++ < _replicas.Count) throw new ArgumentException($"replica {parts.Index} takes requests and was added after one that does not", nameof(parts));
        Replica replica = new(_clock, parts, Metrics, this);
        _replicas.Add(replica);
        return replica;
    }

    /// <summary>Starts feeding a traffic source; the fleet takes its requests as they come due.</summary>
    public void Feed(ITrafficSource source)
    {
        _source = source;
        _clock.Spawn("arrivals", Arrivals, background: true);
    }

    int IFleetView.LiveRequests(int replica) => _replicas[replica].LiveRequests;

    long IFleetView.LiveTokens(int replica) => _replicas[replica].LiveTokens;

    double IFleetView.KvUse(int replica) => (double)_replicas[replica].UsedBlocks / _replicas[replica].Memory.TotalBlocks;

    int IFleetView.CachedTokens(int replica, Sequence sequence) => _replicas[replica].CachedTokens(sequence);

    void IServingObserver.Left(Sequence sequence)
    {
        Live--;
        _observer.Left(sequence);
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
        if (!IsTrafficOver || Live > 0) return;
        foreach (Replica replica in _replicas) replica.EndOtherWork();
    }

    /// <summary>A request arrives now: it is routed and handed to a replica, or refused.</summary>
    /// <returns>Its sequence; <see cref="Outcome.Rejected"/>, with the reason, where it could never run.</returns>
    public Sequence Submit(Request request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Arrived++;
        Live++;
        int index = 0;
        Sequence sequence = NewSequence(request, _replicas[0].MaxModelTokens);
        if (_serving > 1)
        {
            index = _router.Choose(sequence, this);
            if ((uint)index >= (uint)_serving) throw new InvalidOperationException($"the router chose replica {index} of {_serving}");
        }
        Replica replica = _replicas[index];
        if (replica.MaxModelTokens != _replicas[0].MaxModelTokens) sequence = NewSequence(request, replica.MaxModelTokens);
        string? reason = TooLong(request, replica.MaxModelTokens) ?? replica.Refuses(sequence);
        if (reason is not null)
        {
            Reject(sequence, reason);
            return sequence;
        }
        _deadlines.Watch(sequence);
        replica.Submit(sequence);
        return sequence;
    }

    /// <summary>Nobody waits for a sequence any more: it leaves at the end of the step it is in, or at the next plan. Harmless once it has left.</summary>
    public void Cancel(Sequence sequence, Outcome outcome)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        if (sequence.Outcome == Outcome.Live) Abandon(sequence, outcome);
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
        _replicas[sequence.Replica].Cancel(sequence, outcome);
        TellSource(sequence);
    }

    private void TellSource(Sequence sequence)
    {
        if (_source is not { IsClosedLoop: true } source) return;
        source.Completed(sequence.Request, _clock.Now);
        _feedback.Set(Phase.React);
    }
}
