using Orrery.Documents;
using Orrery.Serving.Calls;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Systems.InferCept;

namespace Orrery.Serving.Systems.Lamps;

/// <summary>Options of <see cref="PredictedHandling"/>.</summary>
public sealed record PredictedOptions : CallHandlingSpec
{
    public static readonly OptionSet<PredictedOptions> Set = new OptionSet<PredictedOptions>()
        .Choice("waste", o => o.Waste, (o, v) => o with { Waste = v }, "the published formulas, or those of the authors' code", "arXiv 2410.18248 (b)")
        .Int("tokenBudget", o => o.TokenBudget, (o, v) => o with { TokenBudget = v }, "tokens of a step, for the chunks of the code's form", "authors' code (b)")
        .OptionalNumber("tokenMilliseconds", o => o.TokenMilliseconds, (o, v) => o with { TokenMilliseconds = v },
            "step time per token; null: from the replica's profile (published for GPT-J-6B: 0.0408)", "authors' code (b)", max: 1e6)
        .OptionalNumber("stepMilliseconds", o => o.StepMilliseconds, (o, v) => o with { StepMilliseconds = v },
            "step time without tokens; null: from the replica's profile (published for GPT-J-6B: 16.92)", "authors' code (b)", max: 1e6)
        .Bool("returnsFirst", o => o.ReturnsFirst, (o, v) => o with { ReturnsFirst = v },
            "whose call has ended goes before those that wait, where the scheduler has such a place", "InferCept: improved discard (b)");

    public WasteForm Waste { get; init; } = WasteForm.Paper;

    public int TokenBudget { get; init; } = CallWaste.PublishedBudget;

    public double? TokenMilliseconds { get; init; }

    public double? StepMilliseconds { get; init; }

    public bool ReturnsFirst { get; init; } = true;

    public override bool NeedsForecasts => true;

    public override ICallHandling Create(ReplicaFacts facts) =>
        new PredictedHandling(new(Waste, TokenBudget, CallWaste.LineOf(facts, TokenBudget, TokenMilliseconds, StepMilliseconds)), ReturnsFirst);
}
