using System.Globalization;

namespace Orrery.Engine.Grammars;

/// <summary>Numbers of JSON. Digits are bounded, so that a model cannot write one number for ever.</summary>
internal sealed class JsonNumbers(GrammarGraph graph)
{
    /// <summary>Digits before the point, and as many behind it: more than a decimal of 128 bits has.</summary>
    public const int DigitLimit = 32;

    /// <summary>Digits of an exponent: double precision needs three.</summary>
    public const int ExponentDigits = 3;

    /// <summary>Digits of a bounded whole number: what always fits into 64 bits.</summary>
    public const int BoundedDigits = 18;

    public static readonly long LargestBounded = (long)Math.Pow(10, BoundedDigits) - 1;

    public int Any(int next)
    {
        int exponentDigits = Digits(1, ExponentDigits, next);
        int exponent = graph.Split(graph.Byte('+', exponentDigits), graph.Byte('-', exponentDigits), exponentDigits);
        int afterFraction = graph.Split(next, graph.Byte('e', exponent), graph.Byte('E', exponent));
        int afterWhole = graph.Split(afterFraction, graph.Byte('.', Digits(1, DigitLimit, afterFraction)));
        int whole = graph.Split(graph.Byte('0', afterWhole), graph.Bytes('1', '9', Digits(0, DigitLimit - 1, afterWhole)));
        return graph.Split(whole, graph.Byte('-', whole));
    }

    /// <summary>Whole numbers without fraction, exponent or minus zero.</summary>
    public int AnyInteger(int next)
    {
        int positive = graph.Bytes('1', '9', Digits(0, DigitLimit - 1, next));
        return graph.Split(graph.Byte('0', next), positive, graph.Byte('-', positive));
    }

    /// <summary>Whole numbers from least to most (both within <see cref="BoundedDigits"/> digits).</summary>
    public int Between(long least, long most, int next)
    {
        var ways = new List<int>();
        if (most >= 0) AddPositive(ways, Math.Max(least, 0), most, next);
        var negative = new List<int>();
        if (least < 0) AddPositive(negative, Math.Max(-most, 1), -least, next);
        if (negative.Count > 0) ways.Add(graph.Byte('-', graph.Split([.. negative])));
        return graph.Split([.. ways]);
    }

    private void AddPositive(List<int> ways, long least, long most, int next)
    {
        for (int digits = 1; digits <= BoundedDigits; digits++)
        {
            long smallest = digits == 1 ? 0 : long.Parse("1" + new string('0', digits - 1), CultureInfo.InvariantCulture);
            long largest = long.Parse(new string('9', digits), CultureInfo.InvariantCulture);
            long from = Math.Max(least, smallest);
            long to = Math.Min(most, largest);
            if (from <= to) ways.Add(new DigitRange(Enumerable.Repeat(10, digits).ToArray(), (_, first, last, after) => graph.Bytes('0' + first, '0' + last, after), graph).Emit(from, to, next));
        }
    }

    private int Digits(int least, int most, int next)
    {
        int node = next;
        for (int i = most; i > least; i--) node = graph.Split(graph.Bytes('0', '9', node), next);
        for (int i = 0; i < least; i++) node = graph.Bytes('0', '9', node);
        return node;
    }
}
