using Orrery.Engine.Attention;

namespace Orrery.Engine.Models;

/// <summary>Rotary embedding straight from its formulas, in double precision.</summary>
/// <remarks>YaRN: Peng et al. 2023, section 3.2 ("NTK-by-parts") and 3.3 (the factor on attention), with the ramp over dimensions that GGUF engines use (b).</remarks>
internal sealed class ReferenceRotary
{
    /// <summary>Slope of YaRN's factor on cosine and sine: 1 + 0.1 ln(stretch) (Peng et al. 2023, eq. 22 (b)).</summary>
    private const double YarnSlope = 0.1;

    /// <summary>Least width of the ramp, so that it can be divided by.</summary>
    private const double LeastRamp = 0.001;

    private readonly RotarySettings _settings;
    private readonly double _low;
    private readonly double _high;
    private readonly double _magnitude;

    public ReferenceRotary(RotarySettings settings)
    {
        _settings = settings;
        _magnitude = settings.AttentionFactor;
        if (settings.Yarn is not { } yarn) return;
        _low = Math.Max(0, Math.Floor(DimensionOf(yarn, yarn.BetaFast)));
        _high = Math.Min(settings.Dimensions - 1, Math.Ceiling(DimensionOf(yarn, yarn.BetaSlow)));
        _magnitude *= 1 + (YarnSlope * Math.Log(yarn.Factor));
    }

    public void Apply(Span<float> head, int position)
    {
        int pairs = _settings.Dimensions / 2;
        bool halves = _settings.Style == RotaryStyle.Halves;
        for (int pair = 0; pair < pairs; pair++)
        {
            double angle = AngleOf(pair, position);
            double cosine = Math.Cos(angle) * _magnitude, sine = Math.Sin(angle) * _magnitude;
            int first = halves ? pair : 2 * pair;
            int second = halves ? pair + pairs : first + 1;
            (head[first], head[second]) = ((float)((head[first] * cosine) - (head[second] * sine)), (float)((head[first] * sine) + (head[second] * cosine)));
        }
    }

    private double AngleOf(int pair, int position)
    {
        double plain = position * Math.Pow(_settings.FrequencyBase, -2.0 * pair / _settings.Dimensions) / (_settings.Divisors?[pair] ?? 1f);
        if (_settings.Yarn is not { } yarn) return plain / _settings.LinearFactor;
        double ramp = 1 - Math.Clamp((pair - _low) / Math.Max(LeastRamp, _high - _low), 0, 1);
        double mix = ramp * yarn.ExtrapolationFactor;
        return (plain / yarn.Factor * (1 - mix)) + (plain * mix);
    }

    /// <summary>The pair that makes so many turns within the original context.</summary>
    private double DimensionOf(YarnScaling yarn, double turns) =>
        _settings.Dimensions * Math.Log(yarn.OriginalContext / (turns * 2 * Math.PI)) / (2 * Math.Log(_settings.FrequencyBase));
}
