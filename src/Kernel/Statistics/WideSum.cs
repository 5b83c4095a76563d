namespace Orrery.Kernel.Statistics;

/// <summary>An exact 128-bit sum of whole numbers.</summary>
/// <remarks>
/// Two words instead of <see cref="Int128"/>: ahead-of-time compilers leave every method that touches a type with such a field to the
/// just-in-time compiler, and the types that hold these sums are the hot ones.
/// </remarks>
public struct WideSum
{
    private long _high;
    private ulong _low;

    /// <summary>The sum so far.</summary>
    public readonly Int128 Value => new((ulong)_high, _low);

    public void Add(long value) => Add(value >> 63, (ulong)value);

    public void Add(Int128 value) => Add((long)(value >> 64), unchecked((ulong)value));

    /// <summary>Adds a product exactly.</summary>
    public void AddProduct(long a, long b)
    {
        long high = Math.BigMul(a, b, out long low);
        Add(high, (ulong)low);
    }

    private void Add(long high, ulong low)
    {
        ulong sum = unchecked(_low + low);
        _high = unchecked(_high + high + (sum < low ? 1 : 0));
        _low = sum;
    }
}
