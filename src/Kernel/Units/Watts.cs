using Orrery.Kernel.Time;

namespace Orrery.Kernel.Units;

/// <summary>Electrical power.</summary>
public readonly record struct Watts(double Value) : IComparable<Watts>
{
    public static Watts Zero => default;

    public static Watts operator +(Watts a, Watts b) => new(a.Value + b.Value);

    public static Watts operator -(Watts a, Watts b) => new(a.Value - b.Value);

    public static Watts operator *(Watts a, double factor) => new(a.Value * factor);

    /// <summary>The dimensionless ratio.</summary>
    public static double operator /(Watts a, Watts b) => (double)a.Value / b.Value;

    public static bool operator <(Watts a, Watts b) => a.Value < b.Value;

    public static bool operator >(Watts a, Watts b) => a.Value > b.Value;

    public static bool operator <=(Watts a, Watts b) => a.Value <= b.Value;

    public static bool operator >=(Watts a, Watts b) => a.Value >= b.Value;

    public static Joules operator *(Watts a, Duration time) => new(a.Value * time.Seconds);

    public int CompareTo(Watts other) => Value.CompareTo(other.Value);

    public override string ToString() => UnitText.Scaled(Value, "W");
}
