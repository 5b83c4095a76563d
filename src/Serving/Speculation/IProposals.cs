using Orrery.Serving.Sequences;

namespace Orrery.Serving.Speculation;

/// <summary>Whether there is anything to propose: a draft model always has something, prompt lookup only where the context repeats itself.</summary>
/// <remarks>What a proposer finds may be known before the target model is asked, so policies may look, at the price of the search.</remarks>
public interface IProposals
{
    bool HasSome(Sequence sequence);
}
