namespace Orrery.Engine.Sampling;

/// <summary>Which tokens of a distribution stay, and how sharp it is.</summary>
internal readonly record struct HeadRules(float Temperature, int TopK, float TopP, float MinP)
{
    public float InverseTemperature => 1f / Temperature;

    /// <summary>The lowest score that min-p keeps: p(x) at least MinP of the likeliest, read in scores divided by the temperature.</summary>
    public float Floor(float max)
    {
        if (MinP <= 0f) return float.MinValue;
        // The likeliest token stays, however the logarithm rounds.
        return Math.Min(max, (float)(max + (Temperature * Math.Log(MinP))));
    }
}
