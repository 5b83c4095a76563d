using Orrery.Kernel.Time;

namespace Orrery.Kernel.Units;

/// <summary>A number of bytes: capacity or traffic. GB = 10^9, GiB = 2^30.</summary>
public readonly record struct Bytes(long Count) : IComparable<Bytes>
{
    public static Bytes Zero => default;

    public static Bytes operator +(Bytes a, Bytes b) => new(a.Count + b.Count);

    public static Bytes operator -(Bytes a, Bytes b) => new(a.Count - b.Count);

    public static Bytes operator *(Bytes a, long factor) => new(a.Count * factor);

    /// <summary>The dimensionless ratio.</summary>
    public static double operator /(Bytes a, Bytes b) => (double)a.Count / b.Count;

    public static bool operator <(Bytes a, Bytes b) => a.Count < b.Count;

    public static bool operator >(Bytes a, Bytes b) => a.Count > b.Count;

    public static bool operator <=(Bytes a, Bytes b) => a.Count <= b.Count;

    public static bool operator >=(Bytes a, Bytes b) => a.Count >= b.Count;

    public static Bytes FromGigabytes(double gigabytes) => new((long)Math.Round(gigabytes * 1e9));

    public static Bytes FromGibibytes(double gibibytes) => new((long)Math.Round(gibibytes * (1L << 30)));

    /// <summary>Time to move this much at a rate.</summary>
    public static Duration operator /(Bytes a, BytesPerSecond rate) => Duration.FromSeconds(a.Count / rate.Value);

    public int CompareTo(Bytes other) => Count.CompareTo(other.Count);

    public override string ToString() => UnitText.Scaled(Count, "B");
}
