using System.Buffers.Text;
using Orrery.Kernel.Time;

namespace Orrery.Traffic.Readers;

/// <summary>Numbers and times out of bytes, exactly and without allocation.</summary>
internal static class Fields
{
    /// <summary>Longest trace time accepted, about 31 years: far from overflow even when a trace is repeated and slowed.</summary>
    internal const long LargestSeconds = 1_000_000_000;

    /// <summary>Nanoseconds of timestamps count from here; a 64-bit count from year 1 would overflow.</summary>
    private static readonly long EpochTicks = new DateTime(2000, 1, 1).Ticks;

    internal static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> field) => field.Trim((byte)' ');

    internal static bool TryLong(ReadOnlySpan<byte> field, out long value)
    {
        if (Utf8Parser.TryParse(field, out value, out int used) && used == field.Length) return true;
        // 2^53: beyond it a double no longer holds every whole number.
        if (!Utf8Parser.TryParse(field, out double real, out used) || used != field.Length || !(Math.Abs(real) < 9007199254740992.0)
            || real != Math.Floor(real)) return false;
        value = (long)real;
        return true;
    }

    internal static bool TrySeconds(ReadOnlySpan<byte> field, out long nanoseconds)
    {
        long whole = 0;
        long fraction = 0;
        int at = 0;
        while (at < field.Length && IsDigit(field[at]))
        {
            whole = (whole * 10) + field[at++] - '0';
            if (whole > LargestSeconds) break;
        }
        bool digits = at > 0;
        if (at < field.Length && field[at] == (byte)'.')
        {
            digits |= TryFraction(field, ref at, out fraction);
        }
        if (digits && at == field.Length && whole <= LargestSeconds)
        {
            nanoseconds = (whole * Duration.NanosecondsPerSecond) + fraction;
            return true;
        }
        // Exponents and signs are rare: the slow way.
        bool parsed = Utf8Parser.TryParse(field, out double seconds, out int used) && used == field.Length && seconds >= 0
            && seconds <= LargestSeconds;
        nanoseconds = parsed ? (long)Math.Round(seconds * 1e9, MidpointRounding.AwayFromZero) : 0;
        return parsed;
    }

    /// <summary>
    /// <c>2023-11-16 18:17:03.9799600</c>, with <c>T</c> for the blank and an offset (<c>Z</c>, <c>+00:00</c>) if there is one:
    /// nanoseconds since the year 2000, UTC.
    /// </summary>
    internal static bool TryTimestamp(ReadOnlySpan<byte> field, out long nanoseconds)
    {
        nanoseconds = 0;
        if (field.Length < 19 || field[4] != '-' || field[7] != '-' || (field[10] != ' ' && field[10] != 'T') || field[13] != ':'
            || field[16] != ':') return false;
        if (!TryDigits(field[..4], out int year) || !TryDigits(field.Slice(5, 2), out int month)
            || !TryDigits(field.Slice(8, 2), out int day)
            || !TryDigits(field.Slice(11, 2), out int hour) || !TryDigits(field.Slice(14, 2), out int minute)
                || !TryDigits(field.Slice(17, 2), out int second)) return false;
        if (year is < 2000 or > 2200 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23
            || minute > 59 || second > 59) return false;
        int at = 19;
        long fraction = 0;
        if (at < field.Length && field[at] == (byte)'.' && !TryFraction(field, ref at, out fraction)) return false;
        if (!TryOffset(field[at..], out long offset)) return false;
        nanoseconds = ((new DateTime(year, month, day, hour, minute, second).Ticks - EpochTicks) * 100) + fraction - offset;
        return true;
    }

    private static bool TryOffset(ReadOnlySpan<byte> field, out long nanoseconds)
    {
        nanoseconds = 0;
        if (field.IsEmpty || field is [(byte)'Z']) return true;
        if (field.Length != 6 || (field[0] != '+' && field[0] != '-') || field[3] != ':') return false;
        if (!TryDigits(field.Slice(1, 2), out int hours) || !TryDigits(field.Slice(4, 2), out int minutes) || hours > 14
            || minutes > 59) return false;
        nanoseconds = ((hours * 60L) + minutes) * 60 * Duration.NanosecondsPerSecond * (field[0] == '-' ? -1 : 1);
        return true;
    }

    private static bool TryFraction(ReadOnlySpan<byte> field, ref int at, out long nanoseconds)
    {
        nanoseconds = 0;
        int first = ++at;
        long unit = Duration.NanosecondsPerSecond / 10;
        bool round = false;
        for (; at < field.Length && IsDigit(field[at]); at++)
        {
            int digit = field[at] - '0';
            if (unit == 0)
            {
                round |= at == first + 9 && digit >= 5;
                continue;
            }
            nanoseconds += digit * unit;
            unit /= 10;
        }
        if (round) nanoseconds++;
        return at > first;
    }

    private static bool TryDigits(ReadOnlySpan<byte> field, out int value)
    {
        value = 0;
        foreach (byte b in field)
        {
            if (!IsDigit(b)) return false;
            value = (value * 10) + b - '0';
        }
        return true;
    }

    private static bool IsDigit(byte b) => (uint)(b - '0') <= 9;
}
