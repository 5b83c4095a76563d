using Orrery.Kernel.Time;

namespace Orrery.Kernel.Units;

/// <summary>An arrival or completion rate.</summary>
public readonly record struct RequestsPerSecond(double Value) : IComparable<RequestsPerSecond>
{
    public static RequestsPerSecond Zero => default;

    public static RequestsPerSecond operator +(RequestsPerSecond a, RequestsPerSecond b) => new(a.Value + b.Value);

    public static RequestsPerSecond operator -(RequestsPerSecond a, RequestsPerSecond b) => new(a.Value - b.Value);

    public static RequestsPerSecond operator *(RequestsPerSecond a, double factor) => new(a.Value * factor);

    /// <summary>The dimensionless ratio.</summary>
    public static double operator /(RequestsPerSecond a, RequestsPerSecond b) => (double)a.Value / b.Value;

    public static bool operator <(RequestsPerSecond a, RequestsPerSecond b) => a.Value < b.Value;

    public static bool operator >(RequestsPerSecond a, RequestsPerSecond b) => a.Value > b.Value;

    public static bool operator <=(RequestsPerSecond a, RequestsPerSecond b) => a.Value <= b.Value;

    public static bool operator >=(RequestsPerSecond a, RequestsPerSecond b) => a.Value >= b.Value;

    /// <summary>Mean gap between events at this rate.</summary>
    public Duration Interval => Duration.FromSeconds(1 / Value);

    public int CompareTo(RequestsPerSecond other) => Value.CompareTo(other.Value);

    public override string ToString() => UnitText.Scaled(Value, "/s");
}
