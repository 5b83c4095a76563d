using System.Text.Json;
using Orrery.Kernel.Time;
using Orrery.Serving.Exposition;
using Orrery.Serving.Routing;

namespace Orrery.Live.Gateway;

/// <summary>Sending what waits, and what changes the view.</summary>
internal sealed partial class Dispatcher
{
    private static readonly MetricFamily QueueLength = new("orrery:gateway_queue_length", MetricKind.Gauge, "requests", "", "Requests that wait for an upstream");
    private static readonly MetricFamily UpstreamUp = new("orrery:gateway_upstream_up", MetricKind.Gauge, "", "upstream", "1 where requests are sent to the upstream");
    private static readonly MetricFamily BreakerFamily = new("orrery:gateway_breaker_state", MetricKind.Gauge, "", "upstream", "0 closed, 1 half open, 2 open");
    private static readonly MetricFamily InFlight = new("orrery:gateway_in_flight", MetricKind.Gauge, "requests", "upstream", "Requests at the upstream that came from here");
    private static readonly MetricFamily ViewAge = new("orrery:gateway_view_age_seconds", MetricKind.Gauge, "seconds", "upstream", "Time since the upstream's metrics were read; absent before");

    public IReadOnlyList<string> Models()
    {
        lock (_lock) return [.. Upstreams.SelectMany(upstream => upstream.Models).Distinct()];
    }

    public bool Serves(string model)
    {
        lock (_lock) return Upstreams.Any(upstream => upstream.OwnName(model) is not null);
    }

    /// <summary>The upstream's own name of the model.</summary>
    public string OwnName(Flight flight)
    {
        // It may have been unloaded since; then the upstream says so itself.
        lock (_lock) return flight.Upstream.OwnName(flight.Ticket.Model) ?? flight.Ticket.Model;
    }

    public void SetCheck(Upstream upstream, bool isWell)
    {
        lock (_lock)
        {
            upstream.SetCheck(isWell);
            Pump(Now);
        }
    }

    public void SetModels(Upstream upstream, IReadOnlyList<string> models)
    {
        lock (_lock)
        {
            upstream.SetModels(models);
            Pump(Now);
        }
    }

    public void SetReading(Upstream upstream, EngineGauges? gauges)
    {
        lock (_lock) upstream.SetReading(gauges, Now);
    }

    /// <summary>Fails all that wait: the gateway stops.</summary>
    public void RefuseAll()
    {
        lock (_lock)
        {
            foreach (Ticket ticket in _queue.ToArray()) Finish(ticket, new(null, _metrics.Counted(Refusals.Stopping)));
        }
    }

    public void WriteMetrics(ExpositionText text)
    {
        lock (_lock)
        {
            Instant now = Now;
            text.Begin(QueueLength);
            text.Sample("", _queue.Count);
            Each(UpstreamUp, upstream => upstream.IsUp(now) ? 1 : 0);
            Each(BreakerFamily, upstream => (int)upstream.Breaker.State(now));
            Each(InFlight, upstream => upstream.InFlight);
            Each(ViewAge, upstream => upstream.Age(now)?.Seconds);
        }

        void Each(MetricFamily family, Func<Upstream, double?> valueOf)
        {
            text.Begin(family);
            foreach (Upstream upstream in Upstreams)
                if (valueOf(upstream) is { } value) text.Sample(ExpositionText.Labels(("upstream", upstream.Name)), value);
        }
    }

    public void WriteState(Utf8JsonWriter writer)
    {
        lock (_lock)
        {
            Instant now = Now;
            writer.WriteStartObject();
            writer.WriteNumber("queued", _queue.Count);
            writer.WriteStartArray("clients");
            foreach (ClientShare share in _shares.All.Where(share => !share.IsIdle))
            {
                writer.WriteStartObject();
                writer.WriteString("name", share.Name);
                writer.WriteNumber("queued", share.Queued);
                writer.WriteNumber("inFlight", share.InFlight);
                writer.WriteNumber("counter", share.Account.Counter);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteStartArray("upstreams");
            foreach (Upstream upstream in Upstreams) WriteState(writer, upstream, now);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
    }

    private static void WriteState(Utf8JsonWriter writer, Upstream upstream, Instant now)
    {
        writer.WriteStartObject();
        writer.WriteString("name", upstream.Name);
        writer.WriteBoolean("healthy", upstream.IsHealthy);
        writer.WriteString("breaker", Documents.ChoiceNames.Of(upstream.Breaker.State(now)));
        writer.WriteStartArray("models");
        foreach (string model in upstream.Models) writer.WriteStringValue(model);
        writer.WriteEndArray();
        writer.WriteNumber("inFlight", upstream.InFlight);
        writer.WriteNumber("liveRequests", upstream.LiveRequests(now));
        writer.WriteNumber("liveTokens", upstream.LiveTokens);
        writer.WriteNumber("kvUse", upstream.KvUse(now));
        writer.WriteNumber("prefixBlocks", upstream.Prefixes.Count);
        if (upstream.Age(now) is { } age) writer.WriteNumber("viewAgeSeconds", age.Seconds);
        else writer.WriteNull("viewAgeSeconds");
        writer.WriteEndObject();
    }

    /// <summary>Sends queued requests, the most urgent first, while one of them finds room; fails those for whom nothing is up.</summary>
    private void Pump(Instant now)
    {
        while (_queue.Count > 0)
        {
            // The usual state under overload: all are up and full.
            if (Upstreams.All(upstream => upstream.IsUp(now) && !upstream.HasRoom(now))) return;
            Ticket? next = null;
            for (int i = _queue.Count - 1; i >= 0; i--)
            {
                Ticket ticket = _queue[i];
                if (!CanGo(ticket, now, out bool isHopeless))
                {
                    if (isHopeless) Finish(ticket, new(null, _metrics.Counted(Refusals.NoUpstream(ticket.Model))));
                    continue;
                }
                if (next is null || _order.Compare(ticket, next) < 0) next = ticket;
            }
            if (next is null) return;
            Send(next, now);
        }
    }

    /// <summary>Some upstream that it may go to has room.</summary>
    /// <param name="isHopeless">No upstream that has the model is up.</param>
    private bool CanGo(Ticket ticket, Instant now, out bool isHopeless)
    {
        bool canGo = false, isUntried = false;
        isHopeless = true;
        foreach (Upstream upstream in Upstreams)
        {
            if (upstream.OwnName(ticket.Model) is null || !upstream.IsUp(now)) continue;
            isHopeless = false;
            if (ticket.Tried.Contains(upstream)) continue;
            isUntried = true;
            canGo |= upstream.HasRoom(now);
        }
        if (isHopeless || isUntried) return canGo;
        // All that are up have failed it.
        ticket.ForgetTried();
        bool isAlone = Upstreams.Count(upstream => upstream.OwnName(ticket.Model) is not null && upstream.IsUp(now)) == 1;
        return Upstreams.Any(upstream =>
            upstream.OwnName(ticket.Model) is not null && upstream.IsUp(now) && upstream.HasRoom(now) && (isAlone || !ticket.Tried.Contains(upstream)));
    }

    private void Send(Ticket ticket, Instant now)
    {
        _view.Reset(now);
        foreach (Upstream candidate in Upstreams)
            if (candidate.OwnName(ticket.Model) is not null && candidate.IsUp(now) && candidate.HasRoom(now) && !ticket.Tried.Contains(candidate)) _view.Add(candidate);
        if (_view.Count == 0)
        {
            foreach (Upstream candidate in Upstreams)
                if (candidate.OwnName(ticket.Model) is not null && candidate.IsUp(now) && candidate.HasRoom(now)) _view.Add(candidate);
        }
        Upstream upstream = _view[Router(ticket.Model).Choose(ticket.Sequence, _view)];
        Flight flight = new(ticket, upstream, upstream.Breaker.Send(now)) { Tokens = ticket.Sequence.PromptTokens };
        upstream.InFlight++;
        upstream.LiveTokens += flight.Tokens;
        upstream.Prefixes.Add(ticket.Sequence.PromptSpans);
        ticket.Share.InFlight++;
        if (ticket.ChargedPrompt == 0)
        {
            ticket.ChargedPrompt = ticket.Sequence.PromptTokens;
            _shares.Charge(ticket.Share, ticket.ChargedPrompt, 0);
        }
        Finish(ticket, new(flight, null));
    }

    private void Finish(Ticket ticket, Placement placement)
    {
        Waiter waiter = ticket.Waiter!;
        Unqueue(ticket, waiter);
        waiter.SetResult(placement);
    }

    private IRouter Router(string model)
    {
        if (_routers.TryGetValue(model, out IRouter? router)) return router;
        router = _settings.Router.Create(_random.Split(model));
        _routers.Add(model, router);
        return router;
    }

    /// <summary>What waits for an upstream that is left alone goes when that ends.</summary>
    private void WakeAfter(Upstream upstream, Duration wait)
    {
        // Timers may ring a little before their time.
        Duration again = Duration.FromMilliseconds(10);
        ITimer? timer = null;
        timer = _time.CreateTimer(
            _ =>
            {
                lock (_lock)
                {
                    timer?.Dispose();
                    Instant now = Now;
                    if (upstream.Breaker.State(now) == BreakerState.Open) WakeAfter(upstream, again);
                    else Pump(now);
                }
            },
            null,
            ToTimeSpan(wait),
            Timeout.InfiniteTimeSpan);
    }
}
