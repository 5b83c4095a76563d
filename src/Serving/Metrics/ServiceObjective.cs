using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Metrics;

/// <summary>Limits that each request is held to; <see cref="Duration.Infinite"/> where nothing is promised.</summary>
public readonly record struct ServiceObjective(Duration Ttft, Duration Tpot)
{
    public static ServiceObjective None => new(Duration.Infinite, Duration.Infinite);

    /// <summary>
    /// The first token is due after the prompt's tokens divided by this rate, so that long prompts may take longer; 0 promises nothing.
    /// </summary>
    public double PromptTokensPerSecond { get; init; }

    /// <summary>How fast tokens must come all along; the default promises nothing.</summary>
    public PaceObjective Pace { get; init; }

    /// <summary>True when a finished request kept all its limits; its own come before these.</summary>
    internal bool IsMetBy(Sequence sequence) =>
        IsMetBy(sequence.Request, sequence.FirstToken - sequence.Arrival, sequence.TimePerToken, sequence.Pace);

    /// <summary>The same of an answer that was watched from outside.</summary>
    /// <param name="request">Its own limits come before these.</param>
    /// <param name="ttft">From arrival to the first token.</param>
    /// <param name="timePerToken">TPOT.</param>
    /// <param name="pace">How fast the tokens came, where <see cref="Pace"/> promises something.</param>
    public bool IsMetBy(Request request, Duration ttft, Duration timePerToken, in Pace pace)
    {
        Duration ttftLimit = request.TtftLimit > Duration.Zero ? request.TtftLimit : Ttft;
        Duration tpotLimit = request.TpotLimit > Duration.Zero ? request.TpotLimit : Tpot;
        return ttft <= ttftLimit
            && timePerToken <= tpotLimit
            && ttft.Seconds * PromptTokensPerSecond <= request.PromptTokens
            && (!Pace.Exists || pace.Slowest * Pace.TokensPerSecond < 1);
    }
}

/// <summary>
/// After every token the exponential moving average of the times between tokens must be below one over the rate (the generation part of
/// DeepSpeed-FastGen's effective throughput, Holmes et al. 2024 (a); that every average counts and not only the last, and the span, as in
/// its published evaluation (b)).
/// </summary>
/// <param name="TokensPerSecond">The rate; 0 promises nothing.</param>
/// <param name="SpanTokens">Span s of the average: a gap weighs 1 − 2/(s + 1) of the gap after it.</param>
public readonly record struct PaceObjective(double TokensPerSecond, int SpanTokens)
{
    /// <summary>The span of the published evaluation (b); the paper itself names none.</summary>
    public const int DefaultSpanTokens = 16;

    public bool Exists => TokensPerSecond > 0;

    /// <summary>What a gap keeps of its weight when the next one comes.</summary>
    public double Decay => 1 - (2.0 / (SpanTokens + 1));
}

/// <summary>
/// The moving average of one response's gaps and its highest value. Weights are normalised to one, so that the first gap is not taken for
/// all that came before it. Gaps are taken one by one in their order, so the figure does not depend on how steps were grouped.
/// </summary>
public struct Pace
{
    private double _sum;
    private double _weight;

    /// <summary>Highest average so far in seconds per token; 0 before the second token.</summary>
    public double Slowest { get; private set; }

    /// <param name="endNanoseconds">Ends of the steps that delivered a token each.</param>
    /// <param name="since">The token before them, or the end of a pause after it; never for none.</param>
    /// <param name="decay">See <see cref="PaceObjective"/>.</param>
    public void Deliver(ReadOnlySpan<long> endNanoseconds, Instant since, double decay)
    {
        bool isFirst = since.IsNever;
        long before = isFirst ? 0 : since.Nanoseconds;
        foreach (long end in endNanoseconds)
        {
            if (!isFirst)
            {
                _sum = (_sum * decay) + (end - before);
                _weight = (_weight * decay) + 1;
                Slowest = Math.Max(Slowest, _sum / _weight / Duration.NanosecondsPerSecond);
            }
            isFirst = false;
            before = end;
        }
    }
}
