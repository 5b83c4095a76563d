namespace Orrery.Kernel.Units;

/// <summary>A number of tokens.</summary>
public readonly record struct Tokens(long Count) : IComparable<Tokens>
{
    public static Tokens Zero => default;

    public static Tokens operator +(Tokens a, Tokens b) => new(a.Count + b.Count);

    public static Tokens operator -(Tokens a, Tokens b) => new(a.Count - b.Count);

    public static Tokens operator *(Tokens a, long factor) => new(a.Count * factor);

    /// <summary>The dimensionless ratio.</summary>
    public static double operator /(Tokens a, Tokens b) => (double)a.Count / b.Count;

    public static bool operator <(Tokens a, Tokens b) => a.Count < b.Count;

    public static bool operator >(Tokens a, Tokens b) => a.Count > b.Count;

    public static bool operator <=(Tokens a, Tokens b) => a.Count <= b.Count;

    public static bool operator >=(Tokens a, Tokens b) => a.Count >= b.Count;

    public int CompareTo(Tokens other) => Count.CompareTo(other.Count);

    public override string ToString() => UnitText.Scaled(Count, "tok");
}
