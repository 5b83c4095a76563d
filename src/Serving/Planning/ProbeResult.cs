using Orrery.Kernel.Time;
using Orrery.Serving.Fleets;
using Orrery.Serving.Metrics;
using Orrery.Serving.Replicas;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Planning;

/// <summary>One finished request of a probe; times in seconds.</summary>
/// <param name="QueueSeconds">Arrival to the first step.</param>
/// <param name="PromptSeconds">First step to first token.</param>
/// <param name="MovingSeconds">First token to the arrival of its KV elsewhere, waiting for room included.</param>
/// <param name="DecodeSeconds">The rest.</param>
public readonly record struct ProbedRequest(
    int PromptTokens, int OutputTokens, double TtftSeconds, double TpotSeconds, double EndToEndSeconds,
    double QueueSeconds, double PromptSeconds, double MovingSeconds, double DecodeSeconds);

/// <summary>What a probe's requests met.</summary>
public sealed class ProbeResult(int requests) : IServingObserver
{
    private readonly List<ProbedRequest> _finished = new(requests);

    /// <summary>Requests that finished, in that order.</summary>
    public IReadOnlyList<ProbedRequest> Finished => _finished;

    /// <summary>Requests that were refused.</summary>
    public int Lost { get; private set; }

    /// <summary>Share of all requests' time in which bytes of KV were under way.</summary>
    public double TransferShare { get; private set; }

    /// <summary>The replicas with what they counted.</summary>
    public IReadOnlyList<Replica> Replicas { get; private set; } = [];

    /// <summary>Last departure.</summary>
    public Instant Ended { get; private set; }

    /// <summary>Told of every departure.</summary>
    internal Action? Departed { get; init; }

    void IServingObserver.Left(Sequence sequence)
    {
        Departed?.Invoke();
        Ended = Instant.Max(Ended, sequence.End);
        if (sequence.Outcome != Outcome.Finished)
        {
            Lost++;
            return;
        }
        double moving = sequence.MovingFor.Seconds;
        _finished.Add(new(
            sequence.PromptTokens,
            sequence.GeneratedTokens,
            (sequence.FirstToken - sequence.Arrival).Seconds,
            sequence.TimePerToken.Seconds,
            (sequence.LastToken - sequence.Arrival).Seconds,
            (sequence.FirstScheduled - sequence.Arrival).Seconds,
            (sequence.FirstToken - sequence.FirstScheduled).Seconds,
            moving,
            (sequence.LastToken - sequence.FirstToken).Seconds - moving));
    }

    internal void End(Fleet fleet)
    {
        Replicas = fleet.Replicas;
        double all = _finished.Sum(request => request.EndToEndSeconds);
        TransferShare = all > 0 ? fleet.Moves.TransferTime.Seconds / all : 0;
    }

    /// <summary>The value that a share of the requests stay at or below; the smallest such.</summary>
    /// <param name="share">In (0, 1].</param>
    /// <param name="values">Not sorted; none gives 0.</param>
    public static double Quantile(double share, IEnumerable<double> values)
    {
        double[] sorted = [.. values];
        if (sorted.Length == 0) return 0;
        Array.Sort(sorted);
        return sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
    }

    /// <summary>A quantile of the time to the first token; infinite when that many were refused.</summary>
    public double Ttft(double share) => OfAll(share, static request => request.TtftSeconds);

    /// <summary>A quantile of the time per further token, over requests that have any.</summary>
    public double Tpot(double share) => Quantile(share, _finished.Where(static request => request.OutputTokens > 1).Select(static request => request.TpotSeconds));

    /// <summary>
    /// The same from arrival on, where prompts take no time: waiting for KV room is then part of it, as it is on a decode instance that fetches
    /// late. Infinite when that many were refused.
    /// </summary>
    public double TpotFromArrival(double share) => Quantile(share, _finished.Where(static request => request.OutputTokens > 1)
        .Select(static request => request.EndToEndSeconds / (request.OutputTokens - 1)).Concat(Enumerable.Repeat(double.PositiveInfinity, Lost)));

    /// <summary>The factor on both targets at which a share of the requests would keep both.</summary>
    public double LeastScale(double share, double ttftSeconds, double tpotSeconds) =>
        OfAll(share, request => Math.Max(request.TtftSeconds / ttftSeconds, request.TpotSeconds / tpotSeconds));

    private double OfAll(double share, Func<ProbedRequest, double> value) =>
        Quantile(share, _finished.Select(value).Concat(Enumerable.Repeat(double.PositiveInfinity, Lost)));
}
