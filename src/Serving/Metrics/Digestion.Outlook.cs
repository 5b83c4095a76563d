namespace Orrery.Serving.Metrics;

/// <summary>
/// What the read-out will have come to at a later instant, in constant time. Areas are in token·nanoseconds: Σ max(0, H − d_i). Times are
/// nanoseconds since arrival; all tokens counted so far must have been delivered by the instant from which one looks ahead.
/// </summary>
public partial struct Digestion
{
    /// <summary>Area read by <paramref name="horizon"/> when nothing more comes. The tokens still unread then lie one interval apart.</summary>
    internal readonly double AreaBy(long horizon, long interval)
    {
        long unread = _lastNanoseconds <= horizon ? 0 : CeilingOf(_lastNanoseconds - horizon, Math.Max(1, interval));
        Int128 sum = _sumNanoseconds.Value - ((Int128)unread * _lastNanoseconds) + ((Int128)interval * (unread * (unread - 1) / 2));
        return (double)(((Int128)(_tokens - unread) * horizon) - sum);
    }

    /// <summary>
    /// Area that tokens delivered at first, first + spacing, … add by <paramref name="horizon"/>. Faster than they are read, they are read
    /// one interval apart; slower, the reader catches up with the buffer and then reads each as it comes.
    /// </summary>
    internal readonly double AreaOfMore(long horizon, long interval, long first, long spacing)
    {
        if (first > horizon) return 0;
        interval = Math.Max(1, interval);
        bool follows = _tokens > 0;
        if (spacing <= interval)
        {
            long start = follows ? Math.Max(first, _lastNanoseconds + interval) : first;
            return start > horizon ? 0 : Series(horizon - start, interval, ((horizon - start) / interval) + 1);
        }
        long delivered = ((horizon - first) / spacing) + 1;
        // d_j = max(d_0 + j·interval, g_j): the first of them are read behind the buffer.
        long slack = follows ? _lastNanoseconds + spacing - first : -1;
        long behind = slack < 0 ? 0 : Math.Min(delivered, slack / (spacing - interval));
        long ahead = horizon - _lastNanoseconds - interval;
        double area = behind == 0 || ahead < 0 ? 0 : Series(ahead, interval, Math.Min(behind, (ahead / interval) + 1));
        return delivered > behind ? area + Series(horizon - first - (behind * spacing), spacing, delivered - behind) : area;
    }

    /// <summary>
    /// Area expected by <paramref name="horizon"/> of a response whose length is unknown: tokens are due at e + i/s without an end.
    /// </summary>
    internal static double AreaDue(ReadingExpectation expected, long horizon)
    {
        long budget = horizon - expected.Ttft.Nanoseconds;
        long interval = Math.Max(1, expected.TokenInterval.Nanoseconds);
        return budget < interval ? 0 : Series(budget - interval, interval, budget / interval);
    }

    /// <summary>first + (first − less) + (first − 2·less) + …, so many terms.</summary>
    private static double Series(long first, long less, long terms) => ((double)first * terms) - ((double)less * terms * (terms - 1) / 2);

    private static long CeilingOf(long a, long b) => (a + b - 1) / b;
}
