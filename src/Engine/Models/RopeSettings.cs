namespace Orrery.Engine.Models;

/// <summary>How positions turn queries and keys: rotary embedding with its published stretchings.</summary>
/// <remarks>
/// Pair i of a head turns by position · <see cref="Base"/>^(-2i/<see cref="Dimensions"/>) / factor_i (Su et al., RoFormer, 2021, eq. 15 (b)).
/// Linear stretching multiplies every angle by <see cref="FrequencyScale"/>; YaRN (Peng et al. 2023, section 3 (b)) mixes stretched and
/// unstretched angles by wavelength and scales the result; Llama 3 and Phi 3 give <see cref="Factors"/> in the file.
/// </remarks>
public sealed record RopeSettings
{
    /// <summary>Dimensions of a head that turn; the rest passes unchanged. Even.</summary>
    public required int Dimensions { get; init; }

    /// <summary>Whether dimension i pairs with i + Dimensions/2 (true) or neighbours pair (false).</summary>
    public required bool Halves { get; init; }

    /// <summary>Base of the geometric row of frequencies. Default 10000 (Su et al. 2021).</summary>
    public float Base { get; init; } = 10000f;

    /// <summary>One over the stretch of the context; 1 when it is not stretched.</summary>
    public float FrequencyScale { get; init; } = 1f;

    /// <summary>0 for plain or linear, 1 for YaRN.</summary>
    public float YarnExtension { get; init; }

    /// <summary>Multiplies cosine and sine, beside YaRN's own factor 1 + 0.1 ln(stretch).</summary>
    public float AttentionFactor { get; init; } = 1f;

    /// <summary>Turns within the original context above which YaRN leaves a pair unstretched. Default 32 (Peng et al. 2023, section 3.2).</summary>
    public float BetaFast { get; init; } = 32f;

    /// <summary>Turns below which YaRN stretches a pair fully. Default 1 (same place).</summary>
    public float BetaSlow { get; init; } = 1f;

    /// <summary>Context length, tokens, before stretching.</summary>
    public required int OriginalContext { get; init; }

    /// <summary>Divisor of each pair's angle, Dimensions/2 of them; null when all are one.</summary>
    public float[]? Factors { get; init; }
}
