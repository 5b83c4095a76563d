using Orrery.Kernel.Time;

namespace Orrery.Kernel.Units;

/// <summary>A compute rate in FLOP/s.</summary>
public readonly record struct FlopsPerSecond(double Value) : IComparable<FlopsPerSecond>
{
    public static FlopsPerSecond Zero => default;

    public static FlopsPerSecond operator +(FlopsPerSecond a, FlopsPerSecond b) => new(a.Value + b.Value);

    public static FlopsPerSecond operator -(FlopsPerSecond a, FlopsPerSecond b) => new(a.Value - b.Value);

    public static FlopsPerSecond operator *(FlopsPerSecond a, double factor) => new(a.Value * factor);

    /// <summary>The dimensionless ratio.</summary>
    public static double operator /(FlopsPerSecond a, FlopsPerSecond b) => (double)a.Value / b.Value;

    public static bool operator <(FlopsPerSecond a, FlopsPerSecond b) => a.Value < b.Value;

    public static bool operator >(FlopsPerSecond a, FlopsPerSecond b) => a.Value > b.Value;

    public static bool operator <=(FlopsPerSecond a, FlopsPerSecond b) => a.Value <= b.Value;

    public static bool operator >=(FlopsPerSecond a, FlopsPerSecond b) => a.Value >= b.Value;

    public static Flops operator *(FlopsPerSecond a, Duration time) => new(a.Value * time.Seconds);

    public int CompareTo(FlopsPerSecond other) => Value.CompareTo(other.Value);

    public override string ToString() => UnitText.Scaled(Value, "FLOP/s");
}
