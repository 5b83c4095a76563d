using Orrery.Kernel.Random;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Predictors;

/// <summary>Nothing looks at running requests: policies count the first prediction down.</summary>
public sealed class NoRemaining : IRemainingPredictor
{
    public string Name => "none";

    public IRemainingEstimate? Track(Request request) => null;
}

/// <summary>Knows the truth.</summary>
public sealed class OracleRemaining : IRemainingPredictor
{
    public string Name => "oracle";

    public IRemainingEstimate Track(Request request) => new Truth(request.OutputTokens);

    private sealed class Truth(int outputTokens) : IRemainingEstimate
    {
        public double Look(int generatedTokens) => Math.Max(1, outputTokens - generatedTokens);
    }
}

/// <summary>
/// The truth plus an error that shrinks toward the end: R = clip(O − t + k·(O − t)/O·z_t, 1, longest), with z an AR(1) process of unit
/// variance over the tokens t. O is the output length. The normal numbers are keyed by request and token.
/// </summary>
/// <param name="Scale">k, tokens.</param>
/// <param name="Correlation">Of z from one token to the next, in [0, 1).</param>
/// <param name="Bins">What the estimates are told in, or null for plain numbers.</param>
/// <param name="Smoothing">Error of one look when bins are smoothed by Bayes' rule, in tokens; 0 for no smoothing.</param>
public sealed record RemainingNoise(double Scale, double Correlation, int Longest, LengthBins? Bins, double Smoothing);

/// <summary>Noisy estimates; see <see cref="RemainingNoise"/>.</summary>
/// <remarks>Source: our noise model (d) of the hidden-state probe in Shahout et al., arXiv 2410.01035.</remarks>
public sealed class NoisyRemaining(RemainingNoise noise, RandomStream random) : IRemainingPredictor
{
    public string Name => "noisy";

    public IRemainingEstimate Track(Request request) => new Probe(noise, random, request.Id, request.OutputTokens);

    private sealed class Probe(RemainingNoise noise, RandomStream random, long id, int outputTokens) : IRemainingEstimate
    {
        private readonly BinPosterior? _posterior = noise is { Bins: { } bins, Smoothing: > 0 } ? new(bins, noise.Smoothing) : null;
        private double _error;
        private int _drawn = -1;

        public double Look(int generatedTokens)
        {
            int elapsed = _drawn < 0 ? 0 : generatedTokens - _drawn;
            Walk(generatedTokens);
            double left = Math.Max(0, outputTokens - generatedTokens);
            double estimate = Math.Clamp(left + (noise.Scale * left / outputTokens * _error), 1, noise.Longest);
            if (_posterior is not null) return _posterior.Look(estimate, elapsed);
            return noise.Bins is { } bins ? bins.Midpoint(estimate) : estimate;
        }

        /// <summary>Every token has its number, also those nobody looked at.</summary>
        private void Walk(int generatedTokens)
        {
            if (_drawn < 0)
            {
                _error = KeyedNormal.Of(random, id, generatedTokens);
                _drawn = generatedTokens;
            }
            double fresh = Math.Sqrt(1 - (noise.Correlation * noise.Correlation));
            while (_drawn < generatedTokens) _error = (noise.Correlation * _error) + (fresh * KeyedNormal.Of(random, id, ++_drawn));
        }
    }
}

/// <summary>Standard normal numbers that depend only on a stream's name, a request and an index.</summary>
internal static class KeyedNormal
{
    public static double Of(RandomStream random, long id, long index)
    {
        // Box and Muller; both uniform numbers have keys of their own.
        double radius = Math.Sqrt(-2 * Math.Log(1 - random.Keyed(id, 2 * index)));
        return radius * Math.Cos(2 * Math.PI * random.Keyed(id, (2 * index) + 1));
    }
}
