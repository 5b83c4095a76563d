using Orrery.Documents;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Systems.InferCept;
using Orrery.Serving.Systems.VllmV0;

namespace Orrery.Serving.Systems.Lamps;

/// <summary>Which waiting requests count the iterations that they wait.</summary>
public enum StarvationCount
{
    /// <summary>Those that have been served before: the authors' code.</summary>
    Served,

    /// <summary>All of them: the paper.</summary>
    All,
}

/// <summary>Options of <see cref="Lamps"/>. Its handling of calls is a part of its own: <c>calls: predicted</c>.</summary>
public sealed record LampsOptions : SchedulerSpec
{
    /// <summary>Iterations of waiting that make a request starve (b).</summary>
    public const int DefaultThreshold = 100;

    /// <summary>Iterations for which one that starved goes first (b).</summary>
    public const int DefaultQuantum = 100_000;

    public static readonly OptionSet<LampsOptions> Set = new OptionSet<LampsOptions>()
        .Int("tokenBudget", o => o.TokenBudget, (o, v) => o with { TokenBudget = v }, "tokens of one step, decodes included", "authors' code (b)")
        .Int("maxSequences", o => o.MaxSequences, (o, v) => o with { MaxSequences = v }, "most running sequences", "vLLM v0 code (b)")
        .Number("watermark", o => o.Watermark, (o, v) => o with { Watermark = v },
            "share of all KV blocks that an admission must leave free", "vLLM v0 code (b)", max: 0.5)
        .Choice("rank", o => o.Rank, (o, v) => o with { Rank = v },
            "predicted memory over time, as the exact integral or by the formulas of the authors' code; or arrival: LAMPS without its scheduling", "arXiv 2410.18248 (b); the integral is ours (d)")
        .Int("rescoreEvery", o => o.RescoreEvery, (o, v) => o with { RescoreEvery = v },
            "iterations for which a rank is kept (selective update)", "a parameter in arXiv 2410.18248 (b), its value is our choice (d)")
        .OptionalInt("starvationThreshold", o => o.StarvationThreshold, (o, v) => o with { StarvationThreshold = v },
            "iterations of waiting after which a request goes first; null: never", "authors' code (b)")
        .Int("starvationQuantum", o => o.StarvationQuantum, (o, v) => o with { StarvationQuantum = v },
            "iterations for which it then does", "authors' code (b)")
        .Choice("starvationCount", o => o.StarvationCount, (o, v) => o with { StarvationCount = v },
            "who counts: those served before (the authors' code), or all (the paper)", "authors' code (b)")
        .OptionalNumber("tokenMilliseconds", o => o.TokenMilliseconds, (o, v) => o with { TokenMilliseconds = v },
            "predicted step time per token; null: from the replica's profile", "our choice (d)", max: 1e6)
        .OptionalNumber("stepMilliseconds", o => o.StepMilliseconds, (o, v) => o with { StepMilliseconds = v },
            "predicted step time without tokens; null: from the replica's profile", "our choice (d)", max: 1e6);

    public int TokenBudget { get; init; } = CallWaste.PublishedBudget;

    public int MaxSequences { get; init; } = VllmV0Options.DefaultSequences;

    public double Watermark { get; init; } = VllmV0Options.DefaultWatermark;

    public RankForm Rank { get; init; }

    public int RescoreEvery { get; init; } = 10;

    public int? StarvationThreshold { get; init; } = DefaultThreshold;

    public int StarvationQuantum { get; init; } = DefaultQuantum;

    public StarvationCount StarvationCount { get; init; }

    public double? TokenMilliseconds { get; init; }

    public double? StepMilliseconds { get; init; }

    public override int MaxStepTokens(ReplicaFacts facts) => TokenBudget;

    public override IScheduler Create(ReplicaFacts facts) =>
        new Lamps(this, new(Rank, TokenBudget, CallWaste.LineOf(facts, TokenBudget, TokenMilliseconds, StepMilliseconds)));
}
