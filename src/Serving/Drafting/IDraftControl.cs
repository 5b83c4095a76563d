using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.World.Cost;

namespace Orrery.Serving.Drafting;

/// <summary>
/// Decides how many proposed tokens the decodes of each step verify. Pure like a scheduler: it sees counts, and what was right only
/// after the step.
/// </summary>
public interface IDraftControl
{
    /// <summary>Whether the next step runs the proposer at all; a search takes its time even if nothing of what it finds is used.</summary>
    bool Proposes { get; }

    /// <summary>Writes for each candidate how many tokens to propose; they are zero. Fewer are taken where memory or a length limit binds.</summary>
    void Choose(in DraftRound round, Span<int> tokens);

    /// <summary>For how many steps, the one just decided included, it would choose nothing whatever the decodes are; at most 1 otherwise.</summary>
    int QuietSteps { get; }

    /// <summary>A plan with decodes ran for a number of steps. Must equal that many single calls exactly.</summary>
    void Advance(StepPlan plan, int steps);
}

/// <summary>The decodes of one step as a controller sees them.</summary>
/// <param name="plan">The scheduler's plan.</param>
/// <param name="candidates">Indices of its items for which there is something to propose.</param>
/// <param name="contextTokens">Sum over all decodes of the tokens that they attend.</param>
/// <param name="capacityTokens">Tokens that the KV memory can hold in all.</param>
public readonly ref struct DraftRound(StepPlan plan, ReadOnlySpan<int> candidates, long contextTokens, long capacityTokens)
{
    public StepPlan Plan { get; } = plan;

    public ReadOnlySpan<int> Candidates { get; } = candidates;

    public long ContextTokens { get; } = contextTokens;

    public long CapacityTokens { get; } = capacityTokens;
}

/// <summary>What a controller may depend on when it is created.</summary>
/// <param name="StepTimes">The replica's profile of step times, drafts included.</param>
/// <param name="SearchTime">What a lookup takes in a step; zero for a draft model.</param>
/// <param name="LooksUp">Proposals come from a search in the context and not from a draft model.</param>
public sealed record DraftFacts(ICostModel StepTimes, Duration SearchTime, bool LooksUp);

/// <summary>A controller of drafts as data.</summary>
public abstract record DraftControlSpec
{
    /// <summary>More proposals than this per step only waste verification: acceptance to the power of it is nothing.</summary>
    public const int MostTokens = 64;

    /// <summary>Whether it weighs step times, so that it cannot do without a profile of them.</summary>
    public virtual bool NeedsStepTimes => false;

    public abstract IDraftControl Create(DraftFacts facts);
}
