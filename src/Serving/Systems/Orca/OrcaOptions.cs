using Orrery.Documents;
using Orrery.Serving.Scheduling;

namespace Orrery.Serving.Systems.Orca;

/// <summary>How many tokens of KV memory a request reserves when it is admitted.</summary>
public enum Reservation
{
    /// <summary>The model's longest sequence (the re-implementations; "Orca (Max)" of the vLLM paper).</summary>
    Max,

    /// <summary>Prompt and what the client allows at most (the original).</summary>
    MaxTokens,

    /// <summary>Prompt and true output ("Orca (Oracle)"): needs the exact predictor, the only way for a policy to know it.</summary>
    Oracle,

    /// <summary>Prompt and the next power of two of the output ("Orca (Pow2)"): needs the exact predictor too.</summary>
    Pow2,

    /// <summary>Prompt and predicted output, whatever the predictor.</summary>
    Predicted,
}

/// <summary>Options of Orca. State the reservation with every result: <c>max</c> is a strawman at long model limits.</summary>
public sealed record OrcaOptions : SchedulerSpec
{
    /// <summary>Most sequences of a batch (Sarathi-Serve's comparison, b; 8 for its largest models).</summary>
    public const int DefaultBatchSize = 16;

    /// <summary>The prompt budget is at least this, as for the engines it is compared with (vLLM v0, c).</summary>
    public const int LeastBatchedTokens = 2048;

    public static readonly OptionSet<OrcaOptions> Set = new OptionSet<OrcaOptions>()
        .Choice<Reservation>("reservation", o => o.Reservation, (o, v) => o with { Reservation = v },
            "KV memory taken at admission: max (the model's limit), max-tokens (the client's), oracle or pow2 (exact predictor), predicted",
            "Sarathi-Serve code (b); variants of the vLLM paper (c)")
        .Int("maxBatchSize", o => o.MaxBatchSize, (o, v) => o with { MaxBatchSize = v }, "most running sequences", "Sarathi-Serve (b)")
        .OptionalInt("maxBatchedTokens", o => o.MaxBatchedTokens, (o, v) => o with { MaxBatchedTokens = v },
            "most prompt tokens of one step, so that activations are bounded (a longer prompt goes alone); null: the larger of 2048 and the model's limit",
            "our rule (d); the paper has no such limit");

    public Reservation Reservation { get; init; } = Reservation.Max;

    public int MaxBatchSize { get; init; } = DefaultBatchSize;

    public int? MaxBatchedTokens { get; init; }

    /// <remarks>A step holds whole prompts up to the budget, and one token of each running sequence.</remarks>
    public override int MaxStepTokens(ReplicaFacts facts) => Math.Max(PromptTokens(facts), facts.MaxModelTokens) + MaxBatchSize;

    public override IScheduler Create(ReplicaFacts facts) => new Orca(Reservation, MaxBatchSize, PromptTokens(facts));

    private int PromptTokens(ReplicaFacts facts) => MaxBatchedTokens ?? Math.Max(LeastBatchedTokens, facts.MaxModelTokens);
}
