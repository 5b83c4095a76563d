using Orrery.Serving.Chains;

namespace Orrery.Serving.Systems.Helix;

/// <summary>One kind of machine with one model: how long a layer takes and how much KV fits beside k layers.</summary>
/// <param name="PromptMilliseconds">One layer over the prompt tokens of <see cref="PromptPoints"/>.</param>
/// <param name="DecodeMilliseconds">One layer over the batches of <see cref="DecodePoints"/>.</param>
/// <param name="KvBlocks">Blocks beside 1, 2, … layers; their number is the most layers the planner puts there (weights in half the memory).</param>
/// <param name="Prompts">Prompts in a batch.</param>
/// <param name="Decodes">Decodes in a batch, by layers held.</param>
/// <param name="ForcedKvEntries">KV entries with more layers than the planner would put there: the separate pipelines of the paper need it.</param>
public sealed record HelixProfile(
    IReadOnlyList<double> PromptMilliseconds, IReadOnlyList<double> DecodeMilliseconds, IReadOnlyList<int> KvBlocks, int Prompts,
    IReadOnlyList<int> Decodes, IReadOnlyDictionary<int, long>? ForcedKvEntries = null)
{
    /// <summary>Tokens in a KV block (b).</summary>
    public const int BlockTokens = 16;

    /// <summary>The longest prompt (b).</summary>
    public const int LongestPrompt = 2048;

    /// <summary>Context tokens for each decode of a batch, on average at most (b).</summary>
    public const int ContextPerDecode = 1000;

    public static readonly IReadOnlyList<int> PromptPoints = [0, 250, 500, 750, 1000, 1500, 2000, 3000, 4000, 6000];

    public static readonly IReadOnlyList<int> DecodePoints = [0, 2, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 120, 140, 200, 300, 400];

    /// <summary>K: the most layers the planner puts on the machine.</summary>
    public int MaxLayers => KvBlocks.Count;

    /// <summary>One layer over so many prompt tokens.</summary>
    public double PromptSeconds(double tokens) => Interpolate(PromptPoints, PromptMilliseconds, tokens) * 1e-3;

    /// <summary>One layer over so many decodes.</summary>
    public double DecodeSeconds(double batch) => Interpolate(DecodePoints, DecodeMilliseconds, batch) * 1e-3;

    /// <summary>True when the machine can hold so many layers, be it beyond what the planner would do.</summary>
    public bool CanHold(int layers) => layers >= 1 && (layers <= MaxLayers || ForcedKvEntries?.ContainsKey(layers) == true);

    /// <summary>Tokens times layers of KV beside so many layers.</summary>
    public long KvEntries(int layers) =>
        layers <= MaxLayers ? (long)BlockTokens * KvBlocks[layers - 1] * layers : ForcedKvEntries![layers];

    /// <summary>What goes into one batch with so many layers.</summary>
    public BatchLimits Limits(int layers)
    {
        int decodes = Decodes[Math.Min(layers, MaxLayers) - 1];
        return new BatchLimits(Prompts, Prompts * LongestPrompt, decodes, (long)decodes * ContextPerDecode);
    }

    // Beyond the last point the last slope goes on.
    private static double Interpolate(IReadOnlyList<int> points, IReadOnlyList<double> values, double at)
    {
        int right = 1;
        while (right < points.Count - 1 && points[right] < at) right++;
        double slope = (values[right] - values[right - 1]) / (points[right] - points[right - 1]);
        return values[right - 1] + (slope * (at - points[right - 1]));
    }
}
