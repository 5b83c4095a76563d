using Orrery.Documents;
using Orrery.Serving.Execution;

namespace Orrery.Serving.Drafting;

/// <summary>Every decode verifies the same number of proposed tokens in every step, as engines do that let the user choose it.</summary>
/// <param name="length">Proposed tokens per decode and step; 0 never proposes.</param>
public sealed class FixedDrafts(int length) : IDraftControl
{
    public bool Proposes => length > 0;

    public int QuietSteps => length > 0 ? 1 : int.MaxValue;

    public void Choose(in DraftRound round, Span<int> tokens) => tokens.Fill(length);

    public void Advance(StepPlan plan, int steps)
    {
    }
}

/// <summary>Options of <see cref="FixedDrafts"/>.</summary>
public sealed record FixedDraftsOptions : DraftControlSpec
{
    public static readonly OptionSet<FixedDraftsOptions> Set = new OptionSet<FixedDraftsOptions>()
        .Int("tokens", o => o.Tokens, (o, v) => o with { Tokens = v },
            "proposed tokens per decode and step; 0 loads the draft and never uses it", "SmartSpec's baselines: 1, 3, 5, 7 (b)", min: 0, max: MostTokens);

    public int Tokens { get; init; } = 5;

    public override IDraftControl Create(DraftFacts facts) => new FixedDrafts(Tokens);
}
