namespace Orrery.Engine.Models;

/// <summary>Rotary embedding straight from its formulas, in double precision.</summary>
/// <remarks>YaRN: Peng et al. 2023, section 3.2 ("NTK-by-parts") and 3.3 (the factor on attention), with the ramp over dimensions that GGUF engines use (b).</remarks>
internal sealed class ReferenceRotary
{
    /// <summary>Slope of YaRN's factor on cosine and sine: 1 + 0.1 ln(stretch) (Peng et al. 2023, eq. 22 (b)).</summary>
    private const double YarnSlope = 0.1;

    /// <summary>Least width of the ramp, so that it can be divided by.</summary>
    private const double LeastRamp = 0.001;

    private readonly RopeSettings _settings;
    private readonly double _low;
    private readonly double _high;
    private readonly double _magnitude;

    public ReferenceRotary(RopeSettings settings)
    {
        _settings = settings;
        _low = Math.Max(0, Math.Floor(DimensionOf(settings.BetaFast)));
        _high = Math.Min(settings.Dimensions - 1, Math.Ceiling(DimensionOf(settings.BetaSlow)));
        _magnitude = settings.AttentionFactor;
        if (settings.YarnExtension != 0f) _magnitude *= 1 + (YarnSlope * Math.Log(1 / settings.FrequencyScale));
    }

    public void Apply(Span<float> head, int position)
    {
        int pairs = _settings.Dimensions / 2;
        for (int pair = 0; pair < pairs; pair++)
        {
            double angle = AngleOf(pair, position);
            double cosine = Math.Cos(angle) * _magnitude, sine = Math.Sin(angle) * _magnitude;
            int first = _settings.Halves ? pair : 2 * pair;
            int second = _settings.Halves ? pair + pairs : first + 1;
            (head[first], head[second]) = ((float)((head[first] * cosine) - (head[second] * sine)), (float)((head[first] * sine) + (head[second] * cosine)));
        }
    }

    private double AngleOf(int pair, int position)
    {
        double plain = position * Math.Pow(_settings.Base, -2.0 * pair / _settings.Dimensions) / (_settings.Factors?[pair] ?? 1f);
        double stretched = plain * _settings.FrequencyScale;
        double ramp = 1 - Math.Clamp((pair - _low) / Math.Max(LeastRamp, _high - _low), 0, 1);
        double mix = ramp * _settings.YarnExtension;
        return (stretched * (1 - mix)) + (plain * mix);
    }

    /// <summary>The pair that makes so many turns within the original context.</summary>
    private double DimensionOf(double turns) =>
        _settings.Dimensions * Math.Log(_settings.OriginalContext / (turns * 2 * Math.PI)) / (2 * Math.Log(_settings.Base));
}
