using System.Globalization;

namespace Orrery.Kernel.Time;

/// <summary>A span of time in whole nanoseconds. Exact and totally ordered; there is no floating-point clock anywhere.</summary>
/// <remarks>Range ±292 years. Fractions of a nanosecond are rounded once, half away from zero, in the <c>From…</c> factories.</remarks>
public readonly record struct Duration : IComparable<Duration>
{
    public const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Largest span that a float conversion accepts; a century is beyond any run and far from overflow.</summary>
    private const double LargestSeconds = 3.2e9;

    private Duration(long nanoseconds) => Nanoseconds = nanoseconds;

    public long Nanoseconds { get; }

    public static Duration Zero => default;

    /// <summary>A span longer than every run: use for "no limit". Adding it to an <see cref="Instant"/> gives <see cref="Instant.Never"/>.</summary>
    public static Duration Infinite => new(long.MaxValue);

    public bool IsInfinite => Nanoseconds == long.MaxValue;

    public double Seconds => Nanoseconds / 1e9;

    public double Milliseconds => Nanoseconds / 1e6;

    public static Duration FromNanoseconds(long nanoseconds) => new(nanoseconds);

    /// <summary>Rounds to the nearest nanosecond.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not a number, or beyond a century.</exception>
    public static Duration FromSeconds(double seconds)
    {
        if (!(Math.Abs(seconds) <= LargestSeconds)) ThrowRange(seconds);
        return new((long)Math.Round(seconds * 1e9, MidpointRounding.AwayFromZero));
    }

    public static Duration FromMilliseconds(double milliseconds) => FromSeconds(milliseconds * 1e-3);

    public static Duration FromMicroseconds(double microseconds) => FromSeconds(microseconds * 1e-6);

    public static Duration FromMinutes(double minutes) => FromSeconds(minutes * 60);

    public static Duration FromHours(double hours) => FromSeconds(hours * 3600);

    public static Duration operator +(Duration a, Duration b) => new(checked(a.Nanoseconds + b.Nanoseconds));

    public static Duration operator -(Duration a, Duration b) => new(checked(a.Nanoseconds - b.Nanoseconds));

    public static Duration operator *(Duration a, long factor) => new(checked(a.Nanoseconds * factor));

    /// <summary>The dimensionless ratio of two spans.</summary>
    public static double operator /(Duration a, Duration b) => (double)a.Nanoseconds / b.Nanoseconds;

    public static bool operator <(Duration a, Duration b) => a.Nanoseconds < b.Nanoseconds;

    public static bool operator >(Duration a, Duration b) => a.Nanoseconds > b.Nanoseconds;

    public static bool operator <=(Duration a, Duration b) => a.Nanoseconds <= b.Nanoseconds;

    public static bool operator >=(Duration a, Duration b) => a.Nanoseconds >= b.Nanoseconds;

    public static Duration Min(Duration a, Duration b) => a < b ? a : b;

    public static Duration Max(Duration a, Duration b) => a > b ? a : b;

    public int CompareTo(Duration other) => Nanoseconds.CompareTo(other.Nanoseconds);

    /// <summary>Human form with a unit that suits the size: <c>1.5 ms</c>, <c>2.25 s</c>.</summary>
    public override string ToString() => Math.Abs(Nanoseconds) switch
    {
        long.MaxValue => "infinite",
        < 1_000 => string.Create(CultureInfo.InvariantCulture, $"{Nanoseconds} ns"),
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{Nanoseconds / 1e3:0.###} us"),
        < NanosecondsPerSecond => string.Create(CultureInfo.InvariantCulture, $"{Nanoseconds / 1e6:0.###} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Nanoseconds / 1e9:0.###} s"),
    };

    private static void ThrowRange(double seconds) =>
        throw new ArgumentOutOfRangeException(nameof(seconds), seconds, "a duration must be a number within ±3.2e9 seconds");
}
