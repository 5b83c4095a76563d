namespace Orrery.Serving.Systems.SleepTimeCompute;

/// <summary>
/// Accuracy against test tokens, an input and no result: floor + (ceiling − floor) / (1 + (middle/t)^steepness), a logistic in log t (d).
/// A good note shifts it to the left by a factor.
/// </summary>
public readonly record struct AccuracyCurve(double Floor, double Ceiling, double MiddleTokens, double Steepness)
{
    public double At(double tokens) => Floor + ((Ceiling - Floor) / (1 + Math.Pow(MiddleTokens / tokens, Steepness)));

    /// <summary>Tokens that reach an accuracy; not a number outside of (floor, ceiling).</summary>
    public double TokensFor(double accuracy) =>
        accuracy > Floor && accuracy < Ceiling ? MiddleTokens / Math.Pow(((Ceiling - Floor) / (accuracy - Floor)) - 1, 1 / Steepness) : double.NaN;

    /// <summary>The curve beside a note that saves so many times the tokens.</summary>
    public AccuracyCurve Shifted(double factor) => this with { MiddleTokens = MiddleTokens / factor };
}
