using Orrery.Kernel.Random;

namespace Orrery.Serving.Systems.Polca;

/// <summary>A service of the row: sizes of its requests, uniform within their limits.</summary>
/// <param name="Share">Of all requests.</param>
public sealed record RowService(string Name, double Share, int LeastPrompt, int MostPrompt, int LeastOutput, int MostOutput)
{
    /// <summary>Summaries, low priority (POLCA, c).</summary>
    public static readonly RowService Summarise = new("summarise", 0.25, 2048, 8192, 256, 512);

    /// <summary>Search, high priority (POLCA, c).</summary>
    public static readonly RowService Search = new("search", 0.25, 512, 2048, 1024, 2048);

    /// <summary>Chat, half of it of each priority (POLCA, c).</summary>
    public static readonly RowService Chat = new("chat", 0.5, 2048, 4096, 128, 2048);

    public RowRequest Draw(RandomStream random, long arrival) => new(
        arrival, LeastPrompt + random.NextInt(MostPrompt - LeastPrompt + 1), LeastOutput + random.NextInt(MostOutput - LeastOutput + 1));
}

/// <summary>A request of the row.</summary>
/// <param name="Arrival">Nanoseconds.</param>
public readonly record struct RowRequest(long Arrival, int PromptTokens, int AnswerTokens);

/// <summary>
/// Step times of BLOOM-176B on eight A100 under tensor parallelism: medians of measured runs, linear between them (published profile of
/// Splitwise, MIT; b).
/// </summary>
public static class RowSteps
{
    /// <summary>Largest batch of decodes that was measured.</summary>
    public const int MostDecodes = 64;

    private const double NanosecondsPerMillisecond = 1e6;

    private static readonly int[] Tokens = [128, 256, 512, 1024, 2048, 4096, 8192];
    private static readonly double[] PromptMilliseconds = [79.7, 99.2, 174.4, 287.5, 536.1, 1332.6, 3591.5];
    private static readonly int[] Batches = [1, 2, 4, 8, 16, 32, 64];
    private static readonly double[] DecodeMilliseconds = [49.3, 50.0, 51.0, 53.0, 57.3, 65.4, 96.6];

    private static readonly long[] PromptTimes = Table(Tokens, PromptMilliseconds);
    private static readonly long[] DecodeTimes = Table(Batches, DecodeMilliseconds);

    /// <summary>Nanoseconds of a prompt of so many tokens, at most 8,192.</summary>
    public static long Prompt(int tokens) => PromptTimes[tokens];

    /// <summary>Nanoseconds of a step of so many decodes, at most 64.</summary>
    public static long Decode(int decodes) => DecodeTimes[decodes];

    private static long[] Table(int[] sizes, double[] milliseconds)
    {
        long[] table = new long[sizes[^1] + 1];
        int right = 1;
        for (int x = 0; x < table.Length; x++)
        {
            while (right < sizes.Length - 1 && sizes[right] < x) right++;
            double share = Math.Max(0, (double)(x - sizes[right - 1]) / (sizes[right] - sizes[right - 1]));
            table[x] = (long)Math.Round(NanosecondsPerMillisecond * (milliseconds[right - 1] + (share * (milliseconds[right] - milliseconds[right - 1]))));
        }
        return table;
    }
}

/// <summary>Requests per second of a server through a week that starts on a Monday at midnight.</summary>
/// <param name="peakPerSecond">At the busiest hour of a working day.</param>
/// <param name="trough">The quietest hour over the busiest one.</param>
/// <param name="weekend">Saturdays and Sundays over working days.</param>
public sealed class WeekProfile(double peakPerSecond, double trough, double weekend)
{
    private const double SecondsPerDay = 86400;
    private const int WorkingDays = 5;
    private const int DaysPerWeek = 7;

    /// <summary>Share of the highest rate at a time, by a cosine with its top at noon.</summary>
    public double ShareAt(double seconds)
    {
        double day = seconds / SecondsPerDay;
        double hours = 1 - ((1 - trough) * 0.5 * (1 + Math.Cos(2 * Math.PI * day)));
        return (int)Math.Floor(day) % DaysPerWeek < WorkingDays ? hours : hours * weekend;
    }

    /// <summary>The next arrival at some servers, by thinning (Lewis and Shedler 1979), in seconds.</summary>
    public double Next(double seconds, int servers, RandomStream random)
    {
        double candidates = peakPerSecond * servers;
        do seconds -= Math.Log(random.NextPositive()) / candidates;
        while (random.NextDouble() >= ShareAt(seconds));
        return seconds;
    }
}
