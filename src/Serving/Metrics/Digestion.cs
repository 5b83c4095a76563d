using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Metrics;

/// <summary>What a reader expects: the first token after <paramref name="Ttft"/>, then one token every <paramref name="TokenInterval"/>.</summary>
public readonly record struct ReadingExpectation(Duration Ttft, Duration TokenInterval)
{
    /// <summary>Mean reading speed (Andes, Liu et al. 2024, b).</summary>
    public const double UsualTokensPerSecond = 4.8;

    /// <summary>One second to the first token (Andes, Liu et al. 2024, b), then tokens at the mean reading speed.</summary>
    public static ReadingExpectation Default => new(Duration.FromSeconds(1), Duration.FromSeconds(1 / UsualTokensPerSecond));
}

/// <summary>
/// The client's read-out of one response: token i is delivered at g_i and digested at d_i = max(g_i, d_{i−1} + 1/s), all measured from
/// arrival (Andes, Liu et al. 2024, discrete form). Only the last digestion time and the sum are kept, both exact integers, so QoE costs
/// constant time per run of steps and does not depend on how steps are grouped.
/// </summary>
public partial struct Digestion
{
    private long _lastNanoseconds;
    private WideSum _sumNanoseconds;
    private int _tokens;

    /// <summary>Digests the tokens delivered at the given ends of steps (nanoseconds), one per step.</summary>
    public void Deliver(ReadOnlySpan<long> endNanoseconds, Instant arrival, Duration interval)
    {
        long step = interval.Nanoseconds;
        int count = endNanoseconds.Length;
        if (count == 0) return;
        long last = endNanoseconds[count - 1] - arrival.Nanoseconds;
        if (_tokens > 0 && last <= _lastNanoseconds + step)
        {
            // The reader is behind for the whole run: each token is digested one interval after the one before.
            _sumNanoseconds.AddProduct(count, _lastNanoseconds);
            _sumNanoseconds.AddProduct(step, count * (count + 1L) / 2);
            _lastNanoseconds += step * count;
            _tokens += count;
            return;
        }
        foreach (long end in endNanoseconds)
        {
            long delivered = end - arrival.Nanoseconds;
            _lastNanoseconds = _tokens == 0 ? delivered : Math.Max(delivered, _lastNanoseconds + step);
            _sumNanoseconds.Add(_lastNanoseconds);
            _tokens++;
        }
    }

    /// <summary>
    /// QoE in [0, 1], up to the last digested token H = d_l, with tokens expected at u_i = e + i/s (Andes). Version 1: area under the
    /// actual digestion curve over the area under the expected one, Σ max(0, H − d_i) / Σ max(0, H − u_i). Version 2:
    /// 1 − Σ(d_i − u_i) / Σ(H − u_i). They differ only where the reader ends ahead of what was expected. 1 when nothing was expected.
    /// </summary>
    public readonly double Quality(ReadingExpectation expected, QoeFormula formula = QoeFormula.V1)
    {
        if (_tokens == 0) return 0;
        long horizon = _lastNanoseconds;
        long step = expected.TokenInterval.Nanoseconds;
        long budget = horizon - expected.Ttft.Nanoseconds;
        long due = _tokens;
        if (formula == QoeFormula.V1) due = budget <= 0 ? 0 : step == 0 ? _tokens : Math.Min(_tokens, budget / step);
        Int128 expectedArea = (Int128)due * budget - (Int128)step * (due * (due + 1) / 2);
        if (expectedArea <= 0) return 1;
        Int128 actualArea = (Int128)_tokens * horizon - _sumNanoseconds.Value;
        return Math.Min(1, (double)actualArea / (double)expectedArea);
    }
}
