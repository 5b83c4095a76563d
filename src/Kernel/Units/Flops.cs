using Orrery.Kernel.Time;

namespace Orrery.Kernel.Units;

/// <summary>A number of floating-point operations (a multiply-add is two).</summary>
public readonly record struct Flops(double Count) : IComparable<Flops>
{
    public static Flops Zero => default;

    public static Flops operator +(Flops a, Flops b) => new(a.Count + b.Count);

    public static Flops operator -(Flops a, Flops b) => new(a.Count - b.Count);

    public static Flops operator *(Flops a, double factor) => new(a.Count * factor);

    /// <summary>The dimensionless ratio.</summary>
    public static double operator /(Flops a, Flops b) => (double)a.Count / b.Count;

    public static bool operator <(Flops a, Flops b) => a.Count < b.Count;

    public static bool operator >(Flops a, Flops b) => a.Count > b.Count;

    public static bool operator <=(Flops a, Flops b) => a.Count <= b.Count;

    public static bool operator >=(Flops a, Flops b) => a.Count >= b.Count;

    /// <summary>Time to compute this much at a rate.</summary>
    public static Duration operator /(Flops a, FlopsPerSecond rate) => Duration.FromSeconds(a.Count / rate.Value);

    public int CompareTo(Flops other) => Count.CompareTo(other.Count);

    public override string ToString() => UnitText.Scaled(Count, "FLOP");
}
