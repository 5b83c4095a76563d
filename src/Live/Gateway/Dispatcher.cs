using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Routing;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Gateway;

/// <summary>
/// The gateway's state and its decisions, all under one lock: which request goes next, and to which upstream. The router is the catalogue's,
/// one for each model; it sees only upstreams that have the model, are up and have room.
/// </summary>
internal sealed partial class Dispatcher
{
    /// <summary>The answer may be as long as the model allows, where the request does not say.</summary>
    private const int AnyLength = 1 << 20;

    private readonly Lock _lock = new();
    private readonly GatewaySettings _settings;
    private readonly TimeProvider _time;
    private readonly GatewayMetrics _metrics;
    private readonly long _start;
    private readonly RandomStream _random;
    private readonly Dictionary<string, IRouter> _routers = new(StringComparer.Ordinal);
    private readonly FairShares _shares = new();
    private readonly FleetView _view = new();
    private readonly List<Ticket> _queue = [];
    private readonly Comparer<Ticket> _order;
    private long _nextId;

    public Dispatcher(GatewaySettings settings, TimeProvider time, GatewayMetrics metrics, ulong seed)
    {
        _settings = settings;
        _time = time;
        _metrics = metrics;
        _start = time.GetTimestamp();
        _random = RandomStream.Root(seed).Split("router");
        Upstreams = [.. settings.Upstreams.Select(upstream => new Upstream(upstream, settings))];
        _order = Comparer<Ticket>.Create(Compare);
    }

    public IReadOnlyList<Upstream> Upstreams { get; }

    public Instant Now => Instant.FromNanoseconds((long)(_time.GetElapsedTime(_start).Ticks * TimeSpan.NanosecondsPerTick));

    public Ticket Open(GatewayRequest request, RequestOutline outline)
    {
        ReadOnlySpan<byte> prompt = request.Body.Span.Slice(outline.PromptStart, outline.PromptBytes);
        TokenSpan[] content = PromptBlocks.Of(prompt);
        int limit = outline.MaxTokens > 0 ? outline.MaxTokens : AnyLength;
        lock (_lock)
        {
            ClientShare share = _shares.Of(request.Client);
            Request arrived = new()
            {
                Id = _nextId++,
                Arrival = Now,
                PromptTokens = outline.PromptTokens,
                OutputTokens = limit,
                MaxTokens = limit,
                Client = share.Index,
                Priority = request.Priority,
                Content = content,
            };
            return new(new Sequence(arrived, limit, 0), request.Model, share, _settings.Retries + 1);
        }
    }

    /// <summary>The next attempt: at once where an upstream has room, else after a wait in the queue. Refused where it cannot be.</summary>
    /// <exception cref="OperationCanceledException">The client left.</exception>
    public ValueTask<Placement> PlaceAsync(Ticket ticket, CancellationToken clientLeft)
    {
        Waiter waiter;
        lock (_lock)
        {
            Instant now = Now;
            bool isNew = ticket.ChargedPrompt == 0;
            if (_settings.Order == QueueOrder.Fair && isNew && ticket.Share.Queued == 0) _shares.Lift(ticket.Share);
            waiter = new(now);
            ticket.Waiter = waiter;
            ticket.Share.Queued++;
            _queue.Add(ticket);
            Pump(now);
            if (waiter.Task.IsCompletedSuccessfully) return new(waiter.Task.Result);
            Duration left = _settings.Deadline - ticket.Waited;
            if (isNew && _queue.Count > _settings.Queue) return new(Refused(ticket, Refusals.QueueFull(_settings.Queue)));
            if (left <= Duration.Zero) return new(Refused(ticket, Refusals.Deadline(_settings.Deadline)));
            waiter.Deadline = _time.CreateTimer(_ => GiveUp(ticket, waiter), null, ToTimeSpan(left), Timeout.InfiniteTimeSpan);
        }
        return new(WaitAsync(ticket, waiter, clientLeft));
    }

    /// <summary>An answer began.</summary>
    public void Answered(Flight flight)
    {
        if (!flight.IsProbe) return;
        lock (_lock)
        {
            flight.Upstream.Breaker.Answered(flight.IsProbe);
            Pump(Now);
        }
    }

    /// <summary>Output tokens came.</summary>
    public void Count(Flight flight, int tokens)
    {
        if (tokens == 0) return;
        lock (_lock)
        {
            _shares.Charge(flight.Ticket.Share, 0, tokens);
            flight.Ticket.ChargedOutput += tokens;
            if (flight.HasEnded) return;
            flight.Tokens += tokens;
            flight.Upstream.LiveTokens += tokens;
        }
    }

    /// <summary>Ends an attempt and gives its place to the next request. Only the first call counts.</summary>
    public void End(Flight flight, AttemptEnd end)
    {
        lock (_lock)
        {
            if (flight.HasEnded) return;
            flight.HasEnded = true;
            Upstream upstream = flight.Upstream;
            upstream.InFlight--;
            upstream.LiveTokens -= flight.Tokens;
            flight.Ticket.Share.InFlight--;
            _metrics.CountAttempt(upstream.Name, end);
            Instant now = Now;
            switch (end)
            {
                case AttemptEnd.Failed or AttemptEnd.Broken:
                    flight.Ticket.AddTried(upstream);
                    if (upstream.Breaker.Failed(flight.IsProbe, now)) WakeAfter(upstream, _settings.Breaker.Open);
                    break;
                case AttemptEnd.Busy:
                    flight.Ticket.AddTried(upstream);
                    upstream.Breaker.Answered(flight.IsProbe);
                    break;
                case AttemptEnd.Abandoned:
                    upstream.Breaker.Abandoned(flight.IsProbe);
                    break;
                default:
                    upstream.Breaker.Answered(flight.IsProbe);
                    upstream.Breaker.Succeeded();
                    break;
            }
            Pump(now);
        }
    }

    /// <summary>Corrects what the client was charged by what the upstream counted; a request that nobody served costs nothing.</summary>
    /// <returns>Tokens that were used.</returns>
    public long Settle(Ticket ticket, bool isServed, int promptTokens, long outputTokens)
    {
        lock (_lock)
        {
            long prompt = !isServed ? 0 : promptTokens > 0 ? promptTokens : ticket.ChargedPrompt;
            long output = !isServed ? 0 : outputTokens > 0 ? outputTokens : ticket.ChargedOutput;
            _shares.Charge(ticket.Share, prompt - ticket.ChargedPrompt, output - ticket.ChargedOutput);
            return prompt + output;
        }
    }

    /// <summary>Some upstream that is up has not failed this request yet.</summary>
    public bool HasUntried(Ticket ticket, Upstream besides)
    {
        lock (_lock)
        {
            Instant now = Now;
            return Upstreams.Any(upstream => upstream != besides && upstream.OwnName(ticket.Model) is not null && upstream.IsUp(now) && !ticket.Tried.Contains(upstream));
        }
    }

    private async Task<Placement> WaitAsync(Ticket ticket, Waiter waiter, CancellationToken clientLeft)
    {
        using CancellationTokenRegistration leaving = clientLeft.Register(() => Leave(ticket, waiter, clientLeft));
        try
        {
            return await waiter.Task;
        }
        finally
        {
            if (waiter.Deadline is { } timer) await timer.DisposeAsync();
        }
    }

    private void Leave(Ticket ticket, Waiter waiter, CancellationToken clientLeft)
    {
        lock (_lock)
        {
            if (!Unqueue(ticket, waiter)) return;
            waiter.SetCanceled(clientLeft);
        }
    }

    private void GiveUp(Ticket ticket, Waiter waiter)
    {
        lock (_lock)
        {
            if (!Unqueue(ticket, waiter)) return;
            waiter.SetResult(new(null, _metrics.Counted(Refusals.Deadline(_settings.Deadline))));
        }
    }

    private Placement Refused(Ticket ticket, Refusal refusal)
    {
        Unqueue(ticket, ticket.Waiter!);
        return new(null, _metrics.Counted(refusal));
    }

    private bool Unqueue(Ticket ticket, Waiter waiter)
    {
        if (ticket.Waiter != waiter) return false;
        ticket.Waiter = null;
        ticket.Waited += Now - waiter.Since;
        ticket.Share.Queued--;
        return _queue.Remove(ticket);
    }

    private int Compare(Ticket a, Ticket b)
    {
        int first = _settings.Order switch
        {
            QueueOrder.Priority => a.Sequence.Priority.CompareTo(b.Sequence.Priority),
            QueueOrder.Fair => a.Share == b.Share ? 0 : CompareShares(a.Share, b.Share),
            _ => 0,
        };
        return first != 0 ? first : a.Sequence.Id.CompareTo(b.Sequence.Id);
    }

    private static int CompareShares(ClientShare a, ClientShare b)
    {
        int byService = a.Account.Counter.CompareTo(b.Account.Counter);
        return byService != 0 ? byService : a.Index.CompareTo(b.Index);
    }

    private static TimeSpan ToTimeSpan(Duration duration) => TimeSpan.FromTicks(Math.Max(1, duration.Nanoseconds / TimeSpan.NanosecondsPerTick));
}
