using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Serving.Metrics;

namespace Orrery.Live.Load;

/// <summary>Counts what clients see. Any thread.</summary>
internal sealed class LoadMeter
{
    /// <summary>Servers may put numbers of the request into their reasons; beyond so many they are one (our choice, d).</summary>
    private const int MostReasons = 50;

    private const string OtherReasons = "other reasons";

    private readonly Lock _gate = new();
    private readonly LoadOptions _options;
    private readonly QuantileSketch _ttft = new();
    private readonly QuantileSketch _tpot = new();
    private readonly QuantileSketch _gaps = new();
    private readonly QuantileSketch _endToEnd = new();
    private readonly QuantileSketch _normalized = new();
    private readonly QuantileSketch _qoe = new();
    private readonly QuantileSketch _lateness = new();
    private readonly QuantileSketch _promptDeviation = new();
    private readonly SortedDictionary<string, long> _reasons = new(StringComparer.Ordinal);
    private readonly long[] _outcomes = new long[Enum.GetValues<LoadOutcome>().Length];
    private long _arrived;
    private long _left;
    private long _notSent;
    private long _met;
    private long _promptTokens;
    private long _outputTokens;
    private long? _cachedTokens;
    private long _endedEarly;
    private long _sharedEvents;
    private long _uncounted;
    private Instant _lastDeparture;

    public LoadMeter(LoadOptions options) => _options = options;

    /// <summary>Requests that have arrived and not left.</summary>
    public long InFlight
    {
        get
        {
            lock (_gate) return _arrived - _left;
        }
    }

    public void Arrived()
    {
        lock (_gate) _arrived++;
    }

    public void Late(Duration by)
    {
        lock (_gate) _lateness.Add(by.Nanoseconds);
    }

    public void FirstTokens(Duration sinceArrival, int count)
    {
        lock (_gate)
        {
            _ttft.Add(sinceArrival.Nanoseconds);
            Add(count);
        }
    }

    public void MoreTokens(Duration gap, int count)
    {
        lock (_gate)
        {
            _gaps.Add(gap.Nanoseconds);
            Add(count);
        }
    }

    /// <summary>Tokens that the server counted and no event showed.</summary>
    public void Unseen(int count)
    {
        lock (_gate)
        {
            _gaps.Add(0, count);
            _outputTokens += count;
            _sharedEvents += count;
        }
    }

    /// <summary>A request that the generator could not send.</summary>
    public void NotSent(LoadRecord record)
    {
        lock (_gate)
        {
            _notSent++;
            Depart(record);
        }
    }

    /// <param name="record">Its end.</param>
    /// <param name="timePerToken">TPOT; of a finished request.</param>
    /// <param name="pace">How fast its tokens came.</param>
    /// <param name="result">What the server said.</param>
    public void Left(LoadRecord record, Duration timePerToken, in Pace pace, StreamResult result)
    {
        lock (_gate)
        {
            if (result.CachedTokens is { } cached) _cachedTokens = (_cachedTokens ?? 0) + cached;
            if (result.PromptTokens is { } prompt) _promptDeviation.Add(Math.Abs(prompt - record.Request.PromptTokens));
            if (record.Outcome == LoadOutcome.Finished) CountFinished(record, timePerToken, pace, result);
            Depart(record);
        }
    }

    public LoadProgress Progress(Duration elapsed, long? expected)
    {
        lock (_gate)
        {
            return new(
                elapsed, expected, _arrived, Count(LoadOutcome.Finished), Count(LoadOutcome.Rejected), Count(LoadOutcome.Failed) + Count(LoadOutcome.TimedOut),
                _arrived - _left, _outputTokens, At(_ttft, 0.5), At(_ttft, 0.99), At(_lateness, 0.99));
        }

        static Duration? At(QuantileSketch sketch, double p) => sketch.IsEmpty ? null : Duration.FromNanoseconds(sketch.Quantile(p));
    }

    /// <summary>The whole, once nothing is in flight.</summary>
    public LoadReport Report(Instant end, bool isPartial)
    {
        lock (_gate)
        {
            return new()
            {
                Span = (isPartial ? end : _lastDeparture) - Instant.Zero,
                IsPartial = isPartial,
                Ttft = _ttft,
                Tpot = _tpot,
                Gaps = _gaps,
                EndToEnd = _endToEnd,
                Normalized = _normalized,
                Qoe = _qoe,
                Lateness = _lateness,
                PromptDeviation = _promptDeviation,
                Arrived = _arrived,
                Finished = Count(LoadOutcome.Finished),
                Rejected = Count(LoadOutcome.Rejected),
                NotSent = _notSent,
                Cancelled = Count(LoadOutcome.Cancelled),
                TimedOut = Count(LoadOutcome.TimedOut),
                Failed = Count(LoadOutcome.Failed),
                Abandoned = Count(LoadOutcome.Abandoned),
                MetObjective = _met,
                PromptTokens = _promptTokens,
                OutputTokens = _outputTokens,
                CachedTokens = _cachedTokens,
                EndedEarly = _endedEarly,
                SharedEvents = _sharedEvents,
                Uncounted = _uncounted,
                Reasons = _reasons,
            };
        }
    }

    private long Count(LoadOutcome outcome) => _outcomes[(int)outcome];

    /// <summary>Tokens of one event: the first has a time of its own.</summary>
    private void Add(int count)
    {
        _outputTokens += count;
        if (count == 1) return;
        _gaps.Add(0, count - 1);
        _sharedEvents += count - 1;
    }

    private void CountFinished(LoadRecord record, Duration timePerToken, in Pace pace, StreamResult result)
    {
        Duration ttft = record.FirstToken - record.Request.Arrival;
        long total = (record.LastToken - record.Request.Arrival).Nanoseconds;
        _promptTokens += record.PromptTokens;
        _endToEnd.Add(total);
        _normalized.Add(total / record.OutputTokens);
        _qoe.Add((long)Math.Round(record.Qoe * ServingMetrics.QoePartsPerOne));
        if (record.OutputTokens > 1) _tpot.Add(timePerToken.Nanoseconds);
        if (record.OutputTokens < record.Request.OutputTokens) _endedEarly++;
        if (result.CompletionTokens is null) _uncounted++;
        if (_options.Objective.IsMetBy(record.Request, ttft, timePerToken, pace)) _met++;
    }

    private void Depart(LoadRecord record)
    {
        _left++;
        _outcomes[(int)record.Outcome]++;
        if (record.Reason is { } reason)
        {
            string key = _reasons.Count < MostReasons || _reasons.ContainsKey(reason) ? reason : OtherReasons;
            _reasons[key] = _reasons.GetValueOrDefault(key) + 1;
        }
        _lastDeparture = Instant.Max(_lastDeparture, record.End);
        _options.Left?.Invoke(record);
    }
}
