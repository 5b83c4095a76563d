using System.Globalization;
using Orrery.Kernel.Statistics;
using Orrery.Lab.Results;

namespace Orrery.Lab.Studies;

/// <summary>One run at one rate.</summary>
/// <param name="Seed">Equal seeds see the same requests, only closer together or further apart.</param>
/// <param name="RequestsPerSecond">Offered rate.</param>
/// <param name="IsMet">Every goal was met.</param>
/// <param name="Sentences">Each goal beside what was measured.</param>
public sealed record CapacityProbe(ulong Seed, double RequestsPerSecond, bool IsMet, IReadOnlyList<string> Sentences, RunResult Result);

/// <summary>How a search over rates ended.</summary>
public enum CapacityEnd
{
    /// <summary>The bracket is as narrow as asked for.</summary>
    Found,

    /// <summary>Even the highest rate tried met the goals: the capacity is at least that.</summary>
    Unbounded,

    /// <summary>Even the lowest rate tried missed the goals.</summary>
    None,

    /// <summary>The bracket is wider than asked for because the probes were used up.</summary>
    OutOfProbes,

    Interrupted,
}

/// <summary>The search of one seed.</summary>
/// <param name="Low">Highest rate that met the goals below every rate that missed them; 0 when there was none.</param>
/// <param name="High">Lowest rate that missed them; infinite when there was none.</param>
/// <param name="IsMonotone">False when some rate above <paramref name="High"/> met the goals again.</param>
/// <param name="Probes">In the order they were made.</param>
public sealed record CapacitySearch(ulong Seed, double Low, double High, CapacityEnd End, bool IsMonotone, IReadOnlyList<CapacityProbe> Probes)
{
    /// <summary>The geometric middle of the bracket; the known end where the other is open.</summary>
    public double Estimate => double.IsInfinity(High) ? Low : Low == 0 ? 0 : Math.Sqrt(Low * High);
}

/// <summary>The highest request rate that meets the goals (schema <c>orrery.capacity/1</c>).</summary>
/// <param name="Goals">As expressions.</param>
/// <param name="RequestsPerSecond">
/// The mean over the seeds. Its interval is Student's over the seeds, widened by the brackets' mean ends, so that it speaks of chance and of
/// the search's tolerance; with one seed it is the bracket alone.
/// </param>
/// <param name="Notes">What a careful reader should know: one sentence each.</param>
public sealed record CapacityResult(
    string Scenario, IReadOnlyList<string> Goals, ConfidenceInterval RequestsPerSecond, IReadOnlyList<CapacitySearch> Searches,
    IReadOnlyList<string> Notes, bool IsPartial)
{
    public const string Schema = "orrery.capacity/1";

    /// <summary>What was found, in one or two sentences.</summary>
    public IReadOnlyList<string> Answer
    {
        get
        {
            string goals = string.Join(" and ", Goals);
            ConfidenceInterval rate = RequestsPerSecond;
            if (rate.Mean == 0 && !IsPartial) return [$"{Scenario}: no request rate meets {goals}"];
            return
            [
                $"{Scenario}: {Rate(rate.Mean)} requests/s meet {goals}",
                $"interval {Rate(rate.Low)} to {Rate(rate.High)} requests/s at {rate.Level.ToString("0 %", CultureInfo.InvariantCulture)} confidence",
            ];
        }
    }

    /// <summary>The run closest below the capacity, of the first seed: what users feel there; null when no rate met the goals.</summary>
    public CapacityProbe? AtCapacity =>
        Searches[0].Probes.Where(probe => probe.IsMet && probe.RequestsPerSecond <= Searches[0].Low).MaxBy(probe => probe.RequestsPerSecond);

    private static string Rate(double requestsPerSecond)
    {
        const int digits = 4;
        if (!double.IsFinite(requestsPerSecond)) return "none";
        int decimals = requestsPerSecond > 0 ? Math.Clamp(digits - 1 - (int)Math.Floor(Math.Log10(requestsPerSecond)), 0, digits) : 0;
        return requestsPerSecond.ToString($"N{decimals}", CultureInfo.InvariantCulture);
    }
}
