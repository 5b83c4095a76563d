namespace Orrery.Engine.Benchmarks;

/// <summary>What a test measured, beside what the machine allows.</summary>
/// <param name="Test">The test.</param>
/// <param name="TokensPerSecond">Mean over the repetitions.</param>
/// <param name="StandardDeviation">Of the repetitions, tokens per second.</param>
/// <param name="CeilingTokensPerSecond">Mean over the repetitions: by the rate of reading memory around each, and the single-precision rate.</param>
/// <param name="ReadBytesPerSecond">Mean of the rates at which the weights were read around each repetition.</param>
/// <param name="AllocatedBytesPerToken">Bytes that all threads allocated for each token; a decoder allocates none.</param>
public sealed record BenchResult(BenchTest Test, double TokensPerSecond, double StandardDeviation, double CeilingTokensPerSecond, double ReadBytesPerSecond, double AllocatedBytesPerToken)
{
    /// <summary>The part of the ceiling that was reached.</summary>
    public double Share => TokensPerSecond / CeilingTokensPerSecond;
}
