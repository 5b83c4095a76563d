using Orrery.Kernel.Time;
using Orrery.Serving.Metrics;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Load;

/// <summary>One request on its way: keeps what its client has seen so far, as a simulation keeps it of a sequence.</summary>
internal sealed class LoadExchange : IExchange
{
    private readonly LoadClock _clock;
    private readonly LoadMeter _meter;
    private readonly LoadOptions _options;
    private readonly ReadingExpectation _reader;
    private Digestion _digestion;
    private Pace _pace;
    private Duration _pausedFor;
    private int _callsMade;
    private int _tokens;
    private Instant _sent = Instant.Never;
    private Instant _firstToken = Instant.Never;
    private Instant _lastToken = Instant.Never;

    public LoadExchange(Request request, LoadPrompt prompt, string client, ReadingExpectation reader, LoadClock clock, LoadMeter meter, LoadOptions options)
    {
        Request = request;
        Prompt = prompt;
        Client = client;
        _reader = reader;
        _clock = clock;
        _meter = meter;
        _options = options;
    }

    public Request Request { get; }

    public string Client { get; }

    public LoadPrompt Prompt { get; }

    public IReadOnlyList<int[]>? Returned { get; init; }

    public void Sent(long timestamp)
    {
        _sent = _clock.At(timestamp);
        _meter.Late(Duration.Max(Duration.Zero, _sent - Request.Arrival));
    }

    public void Received(int count, long timestamp)
    {
        Instant at = Instant.Max(_clock.At(timestamp), Request.Arrival);
        if (_firstToken.IsNever)
        {
            _firstToken = at;
            _meter.FirstTokens(at - Request.Arrival, count);
        }
        else
        {
            Instant since = _lastToken + Pause();
            _meter.MoreTokens(Duration.Max(Duration.Zero, at - since), count);
        }
        Deliver(count, at);
    }

    /// <summary>Settles the counts once the answer has ended.</summary>
    /// <param name="result">What the client saw.</param>
    /// <param name="outcome">How the request left.</param>
    public LoadRecord End(StreamResult result, LoadOutcome outcome)
    {
        int unseen = (result.CompletionTokens ?? _tokens) - _tokens;
        if (unseen > 0 && !_firstToken.IsNever)
        {
            _meter.Unseen(unseen);
            Deliver(unseen, _lastToken);
        }
        string? reason = outcome switch
        {
            LoadOutcome.Rejected or LoadOutcome.Failed => result.Reason,
            _ => null,
        };
        if (outcome == LoadOutcome.Finished && _firstToken.IsNever) (outcome, reason) = (LoadOutcome.Failed, "the answer had no token");
        int output = outcome == LoadOutcome.Finished ? result.CompletionTokens is { } counted and > 0 ? counted : _tokens : _tokens;
        var record = new LoadRecord
        {
            Request = Request,
            Client = Client,
            Outcome = outcome,
            Reason = reason,
            Sent = _sent,
            FirstToken = _firstToken,
            LastToken = _lastToken,
            End = outcome == LoadOutcome.Finished ? _lastToken : Instant.Max(_clock.Now, Request.Arrival),
            PromptTokens = result.PromptTokens ?? Request.PromptTokens,
            OutputTokens = output,
            CachedTokens = result.CachedTokens,
            Qoe = outcome == LoadOutcome.Finished ? _options.Qoe.QualityOf(_digestion, _reader, _firstToken - Request.Arrival) : 0,
        };
        Duration perToken = output > 1 && !_firstToken.IsNever
            ? Duration.FromNanoseconds(Math.Max(0, (_lastToken - _firstToken - _pausedFor).Nanoseconds) / (output - 1)) : Duration.Zero;
        _meter.Left(record, perToken, _pace, result);
        return record;
    }

    private void Deliver(int count, Instant at)
    {
        Span<long> ends = count <= 16 ? stackalloc long[count] : new long[count];
        ends.Fill(at.Nanoseconds);
        if (_options.Objective.Pace is { Exists: true } pace) _pace.Deliver(ends, _lastToken, pace.Decay);
        _digestion.Deliver(ends, Request.Arrival, _reader.TokenInterval);
        _lastToken = at;
        _tokens += count;
    }

    /// <summary>The pause for a tool that lies between the last token and the next.</summary>
    private Duration Pause()
    {
        if (Returned is null || Request.Calls is not { } calls || _callsMade == calls.Length || calls[_callsMade].AfterTokens > _tokens) return Duration.Zero;
        Duration pause = calls[_callsMade++].Duration;
        _pausedFor += pause;
        return pause;
    }
}
