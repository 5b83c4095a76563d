using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Elasticity;

/// <summary>From an instant on, a provider has so many machines running for us.</summary>
/// <param name="At">When they are there, or gone: a removal's notice comes before this by the grace period, which is the reader's option.</param>
/// <param name="Units">Machines from then on.</param>
public sealed record CapacityChange(Instant At, int Units);

/// <summary>How many machines a provider has for us over time: a spot market's history, a maintenance plan.</summary>
/// <remarks>The first change is at the start of the run; times rise strictly. Equal levels in a row are one.</remarks>
/// <param name="Changes">At least one, in order of time.</param>
/// <param name="End">When the record ends, after the last change; <see cref="Instant.Never"/> where the last level lasts.</param>
public sealed record CapacityTrace(IReadOnlyList<CapacityChange> Changes, Instant End)
{
    /// <summary>More machines than any provider's region has.</summary>
    public const int MostUnits = 1_000_000;

    private const string Example = "write TIME:UNITS pairs such as '0:7, 240:8, 360:10, end 1320' (seconds, or times with a unit such as 4min)";

    /// <summary>The level at the start.</summary>
    public int FirstUnits => Changes[0].Units;

    /// <summary>The most machines that there ever are.</summary>
    public int PeakUnits => Changes.Max(change => change.Units);

    /// <summary>Reads <c>TIME:UNITS, TIME:UNITS, …, end TIME</c>: times in seconds or with a unit, the first at 0; <c>end</c> may be absent.</summary>
    /// <exception cref="InputException">Anything else; the sentence quotes the part and says what to write.</exception>
    public static CapacityTrace Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<CapacityChange> changes = [];
        Instant end = Instant.Never;
        string[] parts = text.Split([',', ';', '\n'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (string part in parts)
        {
            if (!end.IsNever) throw new InputException($"capacity trace: '{part}' stands after the end; put 'end TIME' last");
            Instant last = changes.Count == 0 ? Instant.Zero : changes[^1].At;
            if (part.StartsWith("end", StringComparison.OrdinalIgnoreCase))
            {
                end = ReadTime(part[3..].TrimStart(':', ' '), part);
                if (changes.Count > 0 && end <= last) throw new InputException($"capacity trace: '{part}' is not after the last change at {Text(last)} s; give a later end");
                continue;
            }
            CapacityChange change = ReadChange(part);
            if (changes.Count == 0 && change.At != Instant.Zero)
                throw new InputException($"capacity trace: the first entry '{part}' is not at 0; start with '0:UNITS', what is there at the start");
            if (changes.Count > 0 && change.At <= last)
                throw new InputException($"capacity trace: '{part}' is not after the entry before it at {Text(last)} s; order the entries by time");
            if (changes.Count == 0 || changes[^1].Units != change.Units) changes.Add(change);
        }
        return changes.Count > 0 ? new CapacityTrace(changes, end) : throw new InputException($"capacity trace: '{text.Trim()}' has no entry; {Example}");
    }

    /// <summary>Machines at an instant; after the end, the last level.</summary>
    public int UnitsAt(Instant at)
    {
        int units = 0;
        foreach (CapacityChange change in Changes)
        {
            if (change.At > at) break;
            units = change.Units;
        }
        return units;
    }

    /// <summary>Machine-seconds from the start to an instant: what a provider bills.</summary>
    public double UnitSeconds(Instant until)
    {
        double sum = 0;
        for (int i = 0; i < Changes.Count && Changes[i].At < until; i++)
        {
            Instant to = i + 1 < Changes.Count ? Instant.Min(Changes[i + 1].At, until) : until;
            sum += Changes[i].Units * (to - Changes[i].At).Seconds;
        }
        return sum;
    }

    /// <summary>The text that <see cref="Parse"/> gives back, in seconds.</summary>
    public override string ToString() =>
        string.Join(", ", Changes.Select(change => $"{Text(change.At)}:{Text(change.Units)}")) + (End.IsNever ? "" : $", end {Text(End)}");

    private static string Text(Instant at) => Text(at.Seconds);

    private static string Text(double number) => Quantities.Format(number, Quantity.Number);

    private static CapacityChange ReadChange(string part)
    {
        int colon = part.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0) throw new InputException($"capacity trace: '{part}' is no change; {Example}");
        string units = part[(colon + 1)..].Trim();
        if (!Quantities.TryParse(units, Quantity.Number, out double count, out _) || count < 0 || count > MostUnits || count != Math.Truncate(count))
            throw new InputException($"capacity trace: '{units}' in '{part}' is no number of machines; write a whole number from 0 to {Text(MostUnits)}");
        return new CapacityChange(ReadTime(part[..colon].Trim(), part), (int)count);
    }

    private static Instant ReadTime(string time, string part)
    {
        const double mostSeconds = 1e9;
        if (!Quantities.TryParse(time, Quantity.Number, out double seconds, out _) && !Quantities.TryParse(time, Quantity.Duration, out seconds, out _))
            throw new InputException($"capacity trace: '{time}' in '{part}' is no time; write seconds or a time with a unit, such as 240 or 4min");
        return seconds is >= 0 and <= mostSeconds
            ? Instant.FromSeconds(seconds)
            : throw new InputException($"capacity trace: '{time}' in '{part}' is out of range; give a time from 0 to 1e9 seconds");
    }
}
