using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Predictors;

/// <summary>Knows nothing of tool calls.</summary>
public sealed class NoCallPredictor : ICallPredictor
{
    public ICallForecasts? Track(Request request) => null;
}

/// <summary>Knows every call.</summary>
public sealed class OracleCalls : ICallPredictor
{
    public ICallForecasts Track(Request request) => new Truth(request);

    private sealed class Truth(Request request) : ICallForecasts
    {
        public CallForecast Next(int callsMade) => SegmentOf(request, callsMade).Truth;
    }

    /// <summary>The call after so many, and the output tokens at which the segment before it began.</summary>
    internal static (CallForecast Truth, int Start) SegmentOf(Request request, int callsMade)
    {
        ReadOnlySpan<ToolCall> calls = request.Calls;
        int start = callsMade == 0 || calls.IsEmpty ? 0 : calls[Math.Min(callsMade, calls.Length) - 1].AfterTokens;
        if (callsMade >= calls.Length) return (new(request.OutputTokens, Duration.Zero, 0), start);
        ToolCall call = calls[callsMade];
        return (new(Math.Min(call.AfterTokens, request.OutputTokens), call.Duration, call.ReturnTokens), start);
    }
}

/// <summary>
/// The truth with normal noise: tokens of the segment before the call n·(1 + e·N₁), duration T·(1 + e·N₂), both at least 0 and the
/// segment at least one token; lengths then become the middle of their bin. How many calls there are, and what they return, is known.
/// </summary>
/// <remarks>
/// Source: the noise sweep of Shahout et al., arXiv 2410.18248 (5 to 60 %, b); bins of their prompt classifier (b). Noise is keyed by
/// request and call: neither order nor number of questions changes it.
/// </remarks>
/// <param name="relativeError">e.</param>
/// <param name="bins">What lengths are told in; null: plain numbers.</param>
/// <param name="times">Replaces the duration and what is returned; null keeps the noisy truth.</param>
/// <param name="random">Stream of the noise.</param>
public sealed class NoisyCalls(double relativeError, LengthBins? bins, CallMeans? times, RandomStream random) : ICallPredictor
{
    public ICallForecasts? Track(Request request)
    {
        (Duration Time, int Returned)? mean = null;
        if (times is not null)
        {
            mean = times.Of(request.Client);
            // Nothing has been learned yet.
            if (mean is null && request.Calls is { Length: > 0 }) return null;
        }
        CallForecast[] forecasts = new CallForecast[(request.Calls?.Length ?? 0) + 1];
        for (int i = 0; i < forecasts.Length; i++) forecasts[i] = Foretell(request, i, mean);
        return new Fixed(forecasts);
    }

    private CallForecast Foretell(Request request, int callsMade, (Duration Time, int Returned)? mean)
    {
        (CallForecast truth, int start) = OracleCalls.SegmentOf(request, callsMade);
        double segment = Math.Max(1, (truth.AfterTokens - start) * Noise(request.Id, 2 * callsMade));
        if (bins is not null) segment = bins.Midpoint(segment);
        int after = (int)Math.Min(start + Math.Max(1, Math.Round(segment, MidpointRounding.AwayFromZero)), int.MaxValue);
        bool isCall = callsMade < (request.Calls?.Length ?? 0);
        if (!isCall) return new(after, Duration.Zero, 0);
        if (mean is { } known) return new(after, known.Time, known.Returned);
        return new(after, Duration.FromSeconds(truth.Duration.Seconds * Noise(request.Id, (2 * callsMade) + 1)), truth.ReturnTokens);
    }

    public void Observe(Request request) => times?.Observe(request);

    private double Noise(long id, int index) =>
        relativeError == 0 ? 1 : Math.Max(0, 1 + (relativeError * KeyedNormal.Of(random, id, index)));

    private sealed class Fixed(CallForecast[] forecasts) : ICallForecasts
    {
        public CallForecast Next(int callsMade) => forecasts[Math.Min(callsMade, forecasts.Length - 1)];
    }
}

/// <summary>
/// Mean duration and returned tokens of the calls of each class; a class is a client, as with <see cref="ClassMeanPredictor"/>. Learns
/// from finished requests; a class without any takes the mean of all.
/// </summary>
/// <remarks>Source: durations as means of their class, Shahout et al., arXiv 2410.18248 (b); learning them is ours (d).</remarks>
public sealed class CallMeans
{
    private readonly List<(long Count, double Seconds, long Returned)> _classes = [];
    private (long Count, double Seconds, long Returned) _all;

    /// <summary>Null before anything has been learned.</summary>
    public (Duration Time, int Returned)? Of(int client)
    {
        (long count, double seconds, long returned) = client < _classes.Count ? _classes[client] : default;
        if (count == 0) (count, seconds, returned) = _all;
        return count == 0 ? null : (Duration.FromSeconds(seconds / count), (int)((returned + (count / 2)) / count));
    }

    public void Observe(Request request)
    {
        if (request.Calls is not { Length: > 0 } calls) return;
        while (_classes.Count <= request.Client) _classes.Add(default);
        foreach (ToolCall call in calls)
        {
            _classes[request.Client] = Add(_classes[request.Client], call);
            _all = Add(_all, call);
        }
    }

    private static (long Count, double Seconds, long Returned) Add((long Count, double Seconds, long Returned) sum, ToolCall call) =>
        (sum.Count + 1, sum.Seconds + call.Duration.Seconds, sum.Returned + call.ReturnTokens);
}
