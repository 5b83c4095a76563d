using Orrery.Kernel.Time;

namespace Orrery.Kernel.Units;

/// <summary>A bandwidth in bytes per second, one direction.</summary>
public readonly record struct BytesPerSecond(double Value) : IComparable<BytesPerSecond>
{
    public static BytesPerSecond Zero => default;

    public static BytesPerSecond operator +(BytesPerSecond a, BytesPerSecond b) => new(a.Value + b.Value);

    public static BytesPerSecond operator -(BytesPerSecond a, BytesPerSecond b) => new(a.Value - b.Value);

    public static BytesPerSecond operator *(BytesPerSecond a, double factor) => new(a.Value * factor);

    /// <summary>The dimensionless ratio.</summary>
    public static double operator /(BytesPerSecond a, BytesPerSecond b) => (double)a.Value / b.Value;

    public static bool operator <(BytesPerSecond a, BytesPerSecond b) => a.Value < b.Value;

    public static bool operator >(BytesPerSecond a, BytesPerSecond b) => a.Value > b.Value;

    public static bool operator <=(BytesPerSecond a, BytesPerSecond b) => a.Value <= b.Value;

    public static bool operator >=(BytesPerSecond a, BytesPerSecond b) => a.Value >= b.Value;

    public static Bytes operator *(BytesPerSecond a, Duration time) => new((long)(a.Value * time.Seconds));

    public int CompareTo(BytesPerSecond other) => Value.CompareTo(other.Value);

    public override string ToString() => UnitText.Scaled(Value, "B/s");
}
