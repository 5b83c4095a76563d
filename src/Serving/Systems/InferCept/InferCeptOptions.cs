using Orrery.Documents;
using Orrery.Serving.Calls;
using Orrery.Serving.Scheduling;

namespace Orrery.Serving.Systems.InferCept;

/// <summary>Options of <see cref="InferCept"/>.</summary>
public sealed record InferCeptOptions : CallHandlingSpec
{
    public static readonly OptionSet<InferCeptOptions> Set = new OptionSet<InferCeptOptions>()
        .Choice("waste", o => o.Waste, (o, v) => o with { Waste = v }, "how computing again is counted: in one step (paper) or in chunks (code)", "authors' code (b)")
        .Int("tokenBudget", o => o.TokenBudget, (o, v) => o with { TokenBudget = v }, "tokens of a step, for the chunks", "authors' code (b)")
        .OptionalNumber("tokenMilliseconds", o => o.TokenMilliseconds, (o, v) => o with { TokenMilliseconds = v },
            "step time per token; null: from the replica's profile (published for GPT-J-6B: 0.0408)", "authors' code (b)", max: 1e6)
        .OptionalNumber("stepMilliseconds", o => o.StepMilliseconds, (o, v) => o with { StepMilliseconds = v },
            "step time without tokens; null: from the replica's profile (published for GPT-J-6B: 16.92)", "authors' code (b)", max: 1e6)
        .Bool("returnsFirst", o => o.ReturnsFirst, (o, v) => o with { ReturnsFirst = v },
            "whose call has ended goes before those that wait, else behind them", "InferCept: improved discard (b)");

    public WasteForm Waste { get; init; } = WasteForm.Code;

    public int TokenBudget { get; init; } = CallWaste.PublishedBudget;

    public double? TokenMilliseconds { get; init; }

    public double? StepMilliseconds { get; init; }

    public bool ReturnsFirst { get; init; } = true;

    public override ICallHandling Create(ReplicaFacts facts) =>
        new InferCept(new(Waste, TokenBudget, CallWaste.LineOf(facts, TokenBudget, TokenMilliseconds, StepMilliseconds)), ReturnsFirst);
}
