using Orrery.Kernel.Random;

namespace Orrery.Live.Calibration;

/// <summary>How far the grid of measured steps reaches.</summary>
/// <param name="Sequences">Most decodes of a step.</param>
/// <param name="Context">Longest sequence in tokens.</param>
/// <param name="StepTokens">Most tokens of a step.</param>
/// <param name="KvTokens">Most tokens that the sequences of a step hold together: bounds the memory of the measurement.</param>
public sealed record StepLimits(int Sequences, int Context, int StepTokens, long KvTokens)
{
    /// <summary>Decodes beyond this are rare on a CPU: every one of them slows all others (our choice, d).</summary>
    public const int DefaultSequences = 16;

    /// <summary>Contexts beyond this follow the line through the measured ones, which attention does (our choice, d).</summary>
    public const int DefaultContext = 1024;
}

/// <summary>
/// The steps that are measured: decodes over batch sizes and contexts, pieces of prompts over lengths and histories, and steps of both. The
/// first and last value of every axis is its limit, so that what a replica may plan within the limits is never beyond the grid.
/// </summary>
public static class StepGrid
{
    private static readonly int[] Batches = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
    private static readonly int[] Contexts = [16, 128, 384, 1024, 2048, 4096];
    private static readonly int[] Lengths = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048];
    private static readonly int[] Histories = [0, 128, 512, 1536, 3584];

    /// <summary>Steps of both kinds: drawn, not gridded, for the sum of two measured parts is what they are compared with.</summary>
    private const int MixedSteps = 24;

    /// <summary>Decodes of unequal contexts, drawn likewise.</summary>
    private const int UnevenSteps = 8;

    /// <param name="limits">What no step exceeds.</param>
    /// <param name="seed">Of the drawn steps.</param>
    /// <param name="isQuick">A third of the points.</param>
    public static IReadOnlyList<StepPoint> Of(StepLimits limits, ulong seed, bool isQuick = false)
    {
        ArgumentNullException.ThrowIfNull(limits);
        int[] batches = Within(isQuick ? [1, 2, 4, 8, 16, 32, 64] : Batches, Math.Min(limits.Sequences, limits.StepTokens));
        int[] contexts = Within(isQuick ? [16, 384, 4096] : Contexts, limits.Context);
        int[] lengths = Within(isQuick ? [1, 4, 16, 64, 256, 1024] : Lengths, Math.Min(limits.StepTokens, limits.Context));
        int[] histories = isQuick ? [0, 512] : Histories;
        List<StepPoint> points = [.. from batch in batches from context in contexts select StepPoint.Decodes(batch, context)];
        foreach (int length in lengths)
        {
            foreach (int history in histories.Select(history => Math.Min(history, limits.Context - length)).Distinct())
            {
                points.Add(StepPoint.Prompt(length, history, finishes: false));
                // What the last token's vocabulary projection costs beside them does not depend on what went before.
                if (history == 0) points.Add(StepPoint.Prompt(length, history, finishes: true));
            }
        }
        RandomStream draws = RandomStream.Root(seed).Split("grid");
        int share = isQuick ? 3 : 1;
        for (int i = 0; i < MixedSteps / share; i++) points.Add(Mixed(limits, draws));
        for (int i = 0; i < UnevenSteps / share; i++) points.Add(new(Drawn(limits, draws, Log(draws, 1, limits.Sequences)), []));
        return [.. points.Where(point => point.KvTokens <= limits.KvTokens && point.Tokens <= limits.StepTokens)];
    }

    /// <summary>The values below the limit, and the limit.</summary>
    private static int[] Within(int[] values, int limit) => [.. values.Where(value => value < limit), limit];

    private static StepPoint Mixed(StepLimits limits, RandomStream draws)
    {
        int decodes = Log(draws, 1, Math.Max(1, Math.Min(limits.Sequences, limits.StepTokens - 1)));
        int tokens = Log(draws, 1, Math.Max(1, Math.Min(limits.StepTokens - decodes, limits.Context)));
        int history = draws.NextInt(2) == 0 ? 0 : Log(draws, 1, Math.Max(1, limits.Context - tokens));
        return new(Drawn(limits, draws, decodes), [new(tokens, Math.Min(history, limits.Context - tokens), draws.NextInt(2) == 0)]);
    }

    private static int[] Drawn(StepLimits limits, RandomStream draws, int count) => [.. Enumerable.Range(0, count).Select(_ => 1 + draws.NextInt(limits.Context))];

    /// <summary>Uniform in the logarithm.</summary>
    private static int Log(RandomStream draws, int least, int most) => Math.Min(most, (int)(least * Math.Pow((double)(most + 1) / least, draws.NextDouble())));
}
