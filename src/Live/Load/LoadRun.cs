using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.ExceptionServices;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Metrics;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Load;

/// <summary>
/// Sends the requests of a traffic source to a server at their times, whatever is outstanding, and reports what their clients saw. All times
/// count from the scheduled arrival, so that a generator or server that falls behind cannot hide it.
/// </summary>
/// <remarks>The source is driven by one task; ends of answers, which closed-loop sources want to know, are handed to it.</remarks>
public sealed class LoadRun : IDisposable
{
    /// <summary>Warm-up requests in flight: a batch, not a crowd (our choice, d).</summary>
    private const int WarmUpClients = 8;

    private const string ReadersStream = "readers";

    private readonly ITrafficSource _source;
    private readonly IPromptMaker _prompts;
    private readonly IStreamClient _client;
    private readonly TimeProvider _time;
    private readonly LoadOptions _options;
    private readonly RandomStream _readers;
    private readonly CancellationTokenSource _abort = new();
    private readonly ConcurrentQueue<(Request Request, Instant At)> _ends = new();
    private LoadMeter _meter;
    private LoadClock _clock;
    private Pacer _pacer;
    private long _inFlight;
    private Exception? _fault;

    /// <param name="source">Owned by the caller.</param>
    /// <param name="prompts">Makes the prompts.</param>
    /// <param name="client">Sends them.</param>
    /// <param name="time">Where time comes from.</param>
    /// <param name="options">How it is sent and judged.</param>
    public LoadRun(ITrafficSource source, IPromptMaker prompts, IStreamClient client, TimeProvider time, LoadOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _source = source;
        _prompts = prompts;
        _client = client;
        _time = time;
        _options = options;
        _readers = RandomStream.Root(options.Seed).Split(ReadersStream);
        (_clock, _meter, _pacer) = Start();
    }

    /// <summary>Where it stands. Any thread.</summary>
    public LoadProgress Progress => _meter.Progress(_clock.Now - Instant.Zero, _source.ExpectedRequests);

    /// <summary>Warms the server up, then runs to the end of the traffic and of the last answer.</summary>
    /// <param name="stop">Ends sending; answers in flight get <see cref="LoadOptions.Grace"/>, and the report is marked partial.</param>
    public async Task<LoadReport> RunAsync(CancellationToken stop)
    {
        await WarmUpAsync(stop).ConfigureAwait(false);
        _pacer.Dispose();
        (_clock, _meter, _pacer) = Start();
        using CancellationTokenRegistration wake = stop.Register(_pacer.Wake);
        bool isOver = await SendAsync(stop).ConfigureAwait(false);
        await DrainAsync(stop).ConfigureAwait(false);
        ThrowFault();
        return _meter.Report(_clock.Now, !isOver || _abort.IsCancellationRequested);
    }

    public void Dispose()
    {
        _pacer.Dispose();
        _abort.Dispose();
    }

    private (LoadClock Clock, LoadMeter Meter, Pacer Pacer) Start()
    {
        LoadClock clock = new(_time);
        return (clock, new(_options), new(clock));
    }

    /// <returns>False when it was stopped before the traffic ended.</returns>
    private async Task<bool> SendAsync(CancellationToken stop)
    {
        Request? taken = null;
        LoadPrompt? prompt = null;
        while (!stop.IsCancellationRequested)
        {
            ThrowFault();
            while (_ends.TryDequeue(out (Request Request, Instant At) end)) _source.Completed(end.Request, end.At);
            Instant next = taken?.Arrival ?? _source.NextArrival;
            if (next.IsNever)
            {
                bool mayGoOn = _source.IsClosedLoop && (Volatile.Read(ref _inFlight) > 0 || !_ends.IsEmpty);
                if (!mayGoOn) return true;
                await _pacer.SleepAsync(Instant.Never).ConfigureAwait(false);
                continue;
            }
            // What an end may overtake is taken only when it is due; anything else is made ready while there is time.
            if (taken is null && !_source.IsClosedLoop) (taken, prompt) = Take();
            if (next > _clock.Now)
            {
                await _pacer.SleepAsync(next).ConfigureAwait(false);
                continue;
            }
            if (taken is null) (taken, prompt) = Take();
            Launch(taken, prompt!);
            taken = null;
        }
        return false;
    }

    private void ThrowFault()
    {
        if (Volatile.Read(ref _fault) is { } fault) ExceptionDispatchInfo.Throw(fault);
    }

    private (Request Request, LoadPrompt Prompt) Take()
    {
        Request request = _source.Take();
        return (request, _prompts.Make(request));
    }

    private void Launch(Request request, LoadPrompt prompt)
    {
        _meter.Arrived();
        string client = _source.ClientCount > 1 ? _source.ClientName(request.Client) : "";
        if (Volatile.Read(ref _inFlight) >= _options.MaxOutstanding)
        {
            Instant now = Instant.Max(_clock.Now, request.Arrival);
            _meter.NotSent(new LoadRecord
            {
                Request = request,
                Client = client,
                Outcome = LoadOutcome.Rejected,
                Reason = string.Create(CultureInfo.InvariantCulture, $"not sent: {_options.MaxOutstanding} requests were in flight, the generator's limit"),
                End = now,
                PromptTokens = request.PromptTokens,
            });
            if (_source.IsClosedLoop) _source.Completed(request, now);
            return;
        }
        Interlocked.Increment(ref _inFlight);
        LoadExchange exchange = Exchange(request, prompt, client);
        _ = RunOneAsync(exchange);
    }

    private LoadExchange Exchange(Request request, LoadPrompt prompt, string client)
    {
        ReadingExpectation reader = _options.Qoe.ReaderOf(request.Id, _readers);
        int[][]? returned = request.Calls is { } calls ? [.. calls.Select((_, call) => _prompts.Returned(request, call) ?? [])] : null;
        return new(request, prompt, client, reader, _clock, _meter, _options) { Returned = returned };
    }

    /// <summary>A mistake of ours, or a full disk behind <see cref="LoadOptions.Left"/>, ends the run.</summary>
    private async Task RunOneAsync(LoadExchange exchange)
    {
        try
        {
            LoadRecord record = await ExchangeAsync(exchange).ConfigureAwait(false);
            if (_source.IsClosedLoop) _ends.Enqueue((record.Request, record.End));
        }
#pragma warning disable CA1031 // Whatever it is, the task that drives the run throws it.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            Interlocked.CompareExchange(ref _fault, fault, null);
        }
        Interlocked.Decrement(ref _inFlight);
        _pacer.Wake();
    }

    private async Task<LoadRecord> ExchangeAsync(LoadExchange exchange)
    {
        Request request = exchange.Request;
        Duration timeout = Duration.Min(request.Timeout, _options.Timeout);
        Duration patience = Duration.Min(timeout, request.CancelAfter);
        StreamResult result;
        using (CancellationTokenSource limit = Limit(request, patience))
        using (CancellationTokenRegistration abort = _abort.Token.UnsafeRegister(static limit => ((CancellationTokenSource)limit!).Cancel(), limit))
        {
            result = await _client.SendAsync(exchange, limit.Token).ConfigureAwait(false);
        }
        LoadOutcome outcome = result.Close switch
        {
            StreamClose.Finished => LoadOutcome.Finished,
            StreamClose.Refused => LoadOutcome.Rejected,
            StreamClose.Failed => LoadOutcome.Failed,
            _ when _abort.IsCancellationRequested => LoadOutcome.Abandoned,
            _ => request.CancelAfter < timeout ? LoadOutcome.Cancelled : LoadOutcome.TimedOut,
        };
        return exchange.End(result, outcome);
    }

    /// <summary>Runs out a time after the scheduled arrival; never where that is infinite.</summary>
    private CancellationTokenSource Limit(Request request, Duration after)
    {
        if (after.IsInfinite) return new();
        long left = Math.Clamp((request.Arrival + after - _clock.Now).Nanoseconds, 0, LoadOptions.LongestTimeout.Nanoseconds);
        return new(TimeSpan.FromTicks((left + 99) / 100), _time);
    }

    private async Task DrainAsync(CancellationToken stop)
    {
        Instant until = Instant.Never;
        while (Volatile.Read(ref _inFlight) > 0)
        {
            if (stop.IsCancellationRequested && until.IsNever) until = _clock.Now + _options.Grace;
            if (_clock.Now >= until && !_abort.IsCancellationRequested) await _abort.CancelAsync().ConfigureAwait(false);
            await _pacer.SleepAsync(_abort.IsCancellationRequested ? Instant.Never : until).ConfigureAwait(false);
        }
    }

    /// <summary>Sends the warm-up with a meter of its own, a few at a time; what comes of it is not the run's.</summary>
    private async Task WarmUpAsync(CancellationToken stop)
    {
        foreach (Request[] batch in _options.WarmUp.Chunk(WarmUpClients))
        {
            if (stop.IsCancellationRequested) return;
            LoadMeter meter = new(_options with { Left = null });
            await Task.WhenAll(batch.Select(request => _client.SendAsync(
                new LoadExchange(request, _prompts.Make(request), "", ReadingExpectation.Default, _clock, meter, _options), stop))).ConfigureAwait(false);
        }
    }
}
