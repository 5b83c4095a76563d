namespace Orrery.Engine.Attention;

/// <summary>Which elements of a head are rotated together.</summary>
public enum RotaryStyle
{
    /// <summary>Elements 2i and 2i + 1 (llama files).</summary>
    Interleaved,

    /// <summary>Elements i and i + half (qwen, phi, gemma files).</summary>
    Halves,
}

/// <summary>YaRN: high frequencies stay, low ones are stretched, those between are blended.</summary>
/// <remarks>Source: Peng et al. 2023 (YaRN), sections 3.2 to 3.4 (c); the defaults are theirs for llama models.</remarks>
/// <param name="Factor">How many times longer the context has become.</param>
/// <param name="OriginalContext">Tokens of the context that the model was trained on.</param>
/// <param name="BetaFast">Pairs that turn at least so often within the original context are not stretched.</param>
/// <param name="BetaSlow">Pairs that turn at most so often are stretched by the whole factor.</param>
/// <param name="ExtrapolationFactor">Weight of the blend: 1 as in the paper, 0 stretches every pair alike.</param>
/// <param name="ScalesAttention">Whether the rotated vectors grow by 0.1 ln(factor) + 1 (section 3.4).</param>
public sealed record YarnScaling(
    double Factor, int OriginalContext, double BetaFast = YarnScaling.DefaultBetaFast, double BetaSlow = YarnScaling.DefaultBetaSlow,
    double ExtrapolationFactor = 1, bool ScalesAttention = true)
{
    public const double DefaultBetaFast = 32;
    public const double DefaultBetaSlow = 1;

    /// <summary>Slope of the attention factor over the logarithm of the stretch (YaRN, equation 22).</summary>
    public const double AttentionSlope = 0.1;
}

/// <summary>How positions turn the vectors of a head.</summary>
/// <remarks>Source: Su et al. 2021 (RoFormer), equation 34: pair i of n/2 turns by position * base^(-2i/n) (c).</remarks>
/// <param name="Dimensions">Leading elements of the head that are rotated, even; the rest stay as they are.</param>
/// <param name="Style">Which elements form a pair.</param>
/// <param name="FrequencyBase">The base, 10000 in the paper.</param>
/// <param name="LinearFactor">Positions are divided by this (1 = not scaled). Not together with YaRN.</param>
/// <param name="Divisors">Frequency divisor of each pair (the file's rope_freqs, or the long or short factors), or null.</param>
/// <param name="Yarn">YaRN scaling, or null.</param>
/// <param name="AttentionFactor">Multiplies the rotated elements.</param>
public sealed record RotarySettings(
    int Dimensions, RotaryStyle Style, double FrequencyBase = RotarySettings.DefaultBase, double LinearFactor = 1,
    IReadOnlyList<float>? Divisors = null, YarnScaling? Yarn = null, double AttentionFactor = 1)
{
    public const double DefaultBase = 10000;

    /// <summary>The turn of each pair per position, in radians, and by how much the pair grows.</summary>
    internal (double[] Frequencies, double Growth) Resolve()
    {
        double[] frequencies = new double[Dimensions / 2];
        (double low, double high) = Yarn is null ? (0, 0) : Ramp(Yarn);
        for (int i = 0; i < frequencies.Length; i++)
        {
            double frequency = Math.Pow(FrequencyBase, -2.0 * i / Dimensions) / (Divisors is null ? 1 : Divisors[i]);
            if (Yarn is null)
            {
                frequencies[i] = frequency / LinearFactor;
                continue;
            }
            double keep = (1 - Math.Clamp((i - low) / Math.Max(NarrowestRamp, high - low), 0, 1)) * Yarn.ExtrapolationFactor;
            frequencies[i] = (frequency / Yarn.Factor * (1 - keep)) + (frequency * keep);
        }
        // A factor below one would be a shorter context, which needs no correction.
        bool grows = Yarn is { ScalesAttention: true, Factor: > 1 };
        return (frequencies, AttentionFactor * (grows ? 1 + (YarnScaling.AttentionSlope * Math.Log(Yarn!.Factor)) : 1));
    }

    /// <summary>Keeps the slope of the blend finite where both ends fall on one pair.</summary>
    private const double NarrowestRamp = 0.001;

    /// <summary>Between which pairs YaRN blends.</summary>
    private (double Low, double High) Ramp(YarnScaling yarn)
    {
        double Pair(double turns) => Dimensions * Math.Log(yarn.OriginalContext / (turns * 2 * Math.PI)) / (2 * Math.Log(FrequencyBase));
        return (Math.Max(0, Math.Floor(Pair(yarn.BetaFast))), Math.Min(Dimensions - 1, Math.Ceiling(Pair(yarn.BetaSlow))));
    }
}
