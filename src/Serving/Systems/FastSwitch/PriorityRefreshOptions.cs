using Orrery.Documents;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Systems.VllmV0;

namespace Orrery.Serving.Systems.FastSwitch;

/// <summary>Where priorities come from.</summary>
public enum PriorityPattern
{
    /// <summary>Every conversation gets a new uniform priority at each refresh.</summary>
    Random,

    /// <summary>A conversation keeps its priority with some probability, larger when it was served since the last refresh.</summary>
    Markov,
}

/// <summary>
/// Options of the scheduler around FastSwitch. The rest of the system is the memory and its host pool:
/// <c>memory: {use: block-groups, hostSwap: {size: 60GB, out: background, in: adaptive, reuse: true}}</c>; the engine it is compared with
/// has <c>{use: paged, prefixCache: false, hostSwap: {size: 60GB, out: blocking, in: blocking}}</c> under the same scheduler.
/// </summary>
public sealed record PriorityRefreshOptions : SchedulerSpec
{
    /// <summary>Updates per iteration: every 25th (b).</summary>
    public const double DefaultFrequency = 0.04;

    public static readonly OptionSet<PriorityRefreshOptions> Set = new OptionSet<PriorityRefreshOptions>()
        .Number("frequency", o => o.Frequency, (o, v) => o with { Frequency = v },
            "f: priorities are drawn anew every round(1/f) steps; 0: never", "FastSwitch: 0.04 and 0.02 (b)", max: 1)
        .Choice("pattern", o => o.Pattern, (o, v) => o with { Pattern = v },
            "uniform priorities at every refresh, or with temporal locality within a turn; a new turn draws anew", "FastSwitch (b)")
        .Number("keepServed", o => o.KeepServed, (o, v) => o with { KeepServed = v },
            "markov: probability that a conversation served since the last refresh keeps its priority", "our choice (d)", max: 1)
        .Number("keepWaiting", o => o.KeepWaiting, (o, v) => o with { KeepWaiting = v },
            "markov: the same for one that was not served", "our choice (d)", max: 1)
        .Int("seed", o => o.Seed, (o, v) => o with { Seed = v }, "which priorities are drawn", "ours (d)", min: 0)
        .OptionalInt("maxBatchedTokens", o => o.MaxBatchedTokens, (o, v) => o with { MaxBatchedTokens = v },
            "most prompt tokens of one step; longer prompts are refused; null: the larger of 2048 and the model's limit", "vLLM v0 (c)")
        .Int("maxSequences", o => o.MaxSequences, (o, v) => o with { MaxSequences = v }, "most running sequences", "vLLM v0 code (b)")
        .Number("watermark", o => o.Watermark, (o, v) => o with { Watermark = v },
            "share of all KV blocks that an admission must leave free", "vLLM v0 code (b)", max: 0.5);

    public double Frequency { get; init; } = DefaultFrequency;

    public PriorityPattern Pattern { get; init; }

    public double KeepServed { get; init; } = 0.9;

    public double KeepWaiting { get; init; } = 0.5;

    public int Seed { get; init; } = 1;

    public int? MaxBatchedTokens { get; init; }

    public int MaxSequences { get; init; } = VllmV0Options.DefaultSequences;

    public double Watermark { get; init; } = VllmV0Options.DefaultWatermark;

    public override int MaxStepTokens(ReplicaFacts facts) =>
        MaxBatchedTokens ?? Math.Max(VllmV0Options.LeastBatchedTokens, facts.MaxModelTokens);

    public override IScheduler Create(ReplicaFacts facts) =>
        new PriorityRefresh(new(this), new(MaxStepTokens(facts), MaxSequences, Watermark));
}
