namespace Orrery.Engine.Grammars;

/// <summary>
/// All numbers of a range, written with a fixed count of digits: continuation bytes of UTF-8, hexadecimal digits of escapes and decimal digits are the same thing in different bases.
/// </summary>
/// <param name="bases">The base of each digit, the most significant first.</param>
/// <param name="digit">Makes the node that takes a digit from first to last at a place, given the node that follows.</param>
internal sealed class DigitRange(IReadOnlyList<int> bases, Func<int, int, int, int, int> digit, GrammarGraph graph)
{
    public int Emit(long first, long last, int next)
    {
        int[] free = new int[bases.Count + 1];
        free[^1] = next;
        for (int i = bases.Count - 1; i > 0; i--) free[i] = digit(i, 0, bases[i] - 1, free[i + 1]);
        return Between(0, Digits(first), Digits(last), free);
    }

    private int[] Digits(long value)
    {
        int[] digits = new int[bases.Count];
        for (int i = bases.Count - 1; i >= 0; i--)
        {
            digits[i] = (int)(value % bases[i]);
            value /= bases[i];
        }
        return digits;
    }

    private int Between(int at, int[]? least, int[]? most, int[] free)
    {
        if (least is null && most is null) return free[at];
        if (at == bases.Count) return free[at];
        int low = least?[at] ?? 0;
        int high = most?[at] ?? bases[at] - 1;
        if (low == high && least is not null && most is not null) return digit(at, low, low, Between(at + 1, least, most, free));
        var alternatives = new List<int>();
        if (least is not null) alternatives.Add(digit(at, low, low, Between(at + 1, least, null, free)));
        int from = least is null ? low : low + 1;
        int to = most is null ? high : high - 1;
        if (from <= to) alternatives.Add(digit(at, from, to, free[at + 1]));
        if (most is not null) alternatives.Add(digit(at, high, high, Between(at + 1, null, most, free)));
        return graph.Split([.. alternatives]);
    }
}
