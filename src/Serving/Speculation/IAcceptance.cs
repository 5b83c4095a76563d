using Orrery.Serving.Sequences;

namespace Orrery.Serving.Speculation;

/// <summary>The truth about drafts: how many leading proposed tokens the target model agrees with. Hidden from policies, which see counts afterwards.</summary>
/// <remarks>A pure function of the sequence and its generated tokens, so that no policy changes another's luck.</remarks>
public interface IAcceptance
{
    /// <returns>From 0 to <paramref name="draftTokens"/>.</returns>
    int Accepted(Sequence sequence, int draftTokens);
}
