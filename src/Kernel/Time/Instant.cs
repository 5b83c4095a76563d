using System.Globalization;

namespace Orrery.Kernel.Time;

/// <summary>A point in time: nanoseconds since the start of the run (virtual) or of the process (live).</summary>
/// <remarks>Instant − Instant = <see cref="Duration"/>; Instant + Instant does not compile.</remarks>
public readonly record struct Instant : IComparable<Instant>
{
    private Instant(long nanoseconds) => Nanoseconds = nanoseconds;

    public long Nanoseconds { get; }

    /// <summary>The start of the run.</summary>
    public static Instant Zero => default;

    /// <summary>Later than everything; adding to it stays <see cref="Never"/>, so it cannot overflow.</summary>
    public static Instant Never => new(long.MaxValue);

    public bool IsNever => Nanoseconds == long.MaxValue;

    public double Seconds => Nanoseconds / 1e9;

    public static Instant FromNanoseconds(long nanoseconds) => new(nanoseconds);

    public static Instant FromSeconds(double seconds) => new(Duration.FromSeconds(seconds).Nanoseconds);

    /// <summary>Saturates at <see cref="Never"/>.</summary>
    public static Instant operator +(Instant a, Duration b)
    {
        if (a.IsNever || b.IsInfinite) return Never;
        long sum = unchecked(a.Nanoseconds + b.Nanoseconds);
        return b.Nanoseconds > 0 && sum < a.Nanoseconds ? Never : new(sum);
    }

    public static Instant operator -(Instant a, Duration b) => a.IsNever ? a : new(checked(a.Nanoseconds - b.Nanoseconds));

    public static Duration operator -(Instant a, Instant b) =>
        a.IsNever ? Duration.Infinite : Duration.FromNanoseconds(checked(a.Nanoseconds - b.Nanoseconds));

    public static bool operator <(Instant a, Instant b) => a.Nanoseconds < b.Nanoseconds;

    public static bool operator >(Instant a, Instant b) => a.Nanoseconds > b.Nanoseconds;

    public static bool operator <=(Instant a, Instant b) => a.Nanoseconds <= b.Nanoseconds;

    public static bool operator >=(Instant a, Instant b) => a.Nanoseconds >= b.Nanoseconds;

    public static Instant Min(Instant a, Instant b) => a < b ? a : b;

    public static Instant Max(Instant a, Instant b) => a > b ? a : b;

    public int CompareTo(Instant other) => Nanoseconds.CompareTo(other.Nanoseconds);

    public override string ToString() => IsNever ? "never" : string.Create(CultureInfo.InvariantCulture, $"t={Nanoseconds / 1e9:0.#########} s");
}
