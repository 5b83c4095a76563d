using Orrery.Kernel.Random;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Speculation;

/// <summary>
/// Every position of every output has its own fate: a proposed token is right with the request's probability, independently of the
/// others; and so has whether a lookup finds a match there (SmartSpec, arXiv 2406.14066, Bernoulli per position; c).
/// </summary>
/// <remarks>Keyed by request and output position: what a policy proposes elsewhere changes nothing here.</remarks>
public sealed class IndependentAcceptance(AcceptanceSpec spec, bool looksUp, RandomStream random) : IAcceptance, IProposals
{
    private readonly RandomStream _tokens = random.Split("tokens");
    private readonly RandomStream _rates = random.Split("rates");
    private readonly RandomStream _matches = random.Split("matches");

    public int Accepted(Sequence sequence, int draftTokens)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        double rate = RateOf(sequence);
        int accepted = 0;
        while (accepted < draftTokens && _tokens.Keyed(sequence.Id, sequence.GeneratedTokens + accepted) < rate) accepted++;
        return accepted;
    }

    public bool HasSome(Sequence sequence)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        return !looksUp || _matches.Keyed(sequence.Id, sequence.GeneratedTokens) < spec.Match;
    }

    private double RateOf(Sequence sequence)
    {
        if (spec.Spread == 0) return spec.Rate;
        if (double.IsNaN(sequence.AcceptanceRate)) sequence.AcceptanceRate = Draw(_rates.Split(sequence.Id));
        return sequence.AcceptanceRate;
    }

    /// <summary>A Beta variable as a ratio of Gamma variables.</summary>
    private double Draw(RandomStream own)
    {
        double both = (spec.Rate * (1 - spec.Rate) / (spec.Spread * spec.Spread)) - 1;
        double right = new Gamma(spec.Rate * both, 1).Sample(own);
        double wrong = new Gamma((1 - spec.Rate) * both, 1).Sample(own);
        return right / (right + wrong);
    }
}
