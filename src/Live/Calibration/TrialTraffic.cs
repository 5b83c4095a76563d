using System.Globalization;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Calibration;

/// <summary>Requests of a trial: Poisson arrivals, prompts and answers of known lengths, a few clients. The seed decides everything.</summary>
public static class TrialTraffic
{
    /// <summary>Lengths are uniform in their logarithm between these, or what the context allows (our choice, d).</summary>
    private const int LeastPrompt = 16;

    private const int MostPrompt = 256;
    private const int LeastOutput = 8;
    private const int MostOutput = 64;

    /// <summary>Clients that a fair scheduler has to tell apart (our choice, d).</summary>
    private const int Clients = 3;

    /// <param name="requests">How many.</param>
    /// <param name="ratePerSecond">Of the arrivals.</param>
    /// <param name="contextTokens">Longest sequence of the model.</param>
    /// <param name="seed">The same seed gives the same lengths at every rate.</param>
    public static IReadOnlyList<Request> Of(int requests, double ratePerSecond, int contextTokens, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ratePerSecond);
        RandomStream gaps = RandomStream.Root(seed).Split("arrivals");
        RandomStream lengths = RandomStream.Root(seed).Split("lengths");
        List<Request> all = [];
        double at = 0;
        for (int i = 0; i < requests; i++)
        {
            int output = Log(lengths, LeastOutput, Math.Min(MostOutput, contextTokens / 4));
            int prompt = Log(lengths, LeastPrompt, Math.Min(MostPrompt, contextTokens - output));
            all.Add(new()
            {
                Id = i,
                Label = i.ToString(CultureInfo.InvariantCulture),
                Arrival = Instant.Zero + Duration.FromSeconds(at),
                PromptTokens = prompt,
                OutputTokens = output,
                MaxTokens = output,
                Client = lengths.NextInt(Clients),
            });
            at -= Math.Log(gaps.NextPositive()) / ratePerSecond;
        }
        return all;
    }

    private static int Log(RandomStream draws, int least, int most)
    {
        if (most <= least) return Math.Max(1, most);
        return Math.Min(most, (int)(least * Math.Pow((double)(most + 1) / least, draws.NextDouble())));
    }
}
