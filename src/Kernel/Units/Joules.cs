using Orrery.Kernel.Time;

namespace Orrery.Kernel.Units;

/// <summary>Energy.</summary>
public readonly record struct Joules(double Value) : IComparable<Joules>
{
    public static Joules Zero => default;

    public static Joules operator +(Joules a, Joules b) => new(a.Value + b.Value);

    public static Joules operator -(Joules a, Joules b) => new(a.Value - b.Value);

    public static Joules operator *(Joules a, double factor) => new(a.Value * factor);

    /// <summary>The dimensionless ratio.</summary>
    public static double operator /(Joules a, Joules b) => (double)a.Value / b.Value;

    public static bool operator <(Joules a, Joules b) => a.Value < b.Value;

    public static bool operator >(Joules a, Joules b) => a.Value > b.Value;

    public static bool operator <=(Joules a, Joules b) => a.Value <= b.Value;

    public static bool operator >=(Joules a, Joules b) => a.Value >= b.Value;

    public const double PerKilowattHour = 3.6e6;

    public double KilowattHours => Value / PerKilowattHour;

    public static Watts operator /(Joules a, Duration time) => new(a.Value / time.Seconds);

    public int CompareTo(Joules other) => Value.CompareTo(other.Value);

    public override string ToString() => UnitText.Scaled(Value, "J");
}
