using Orrery.Documents;
using Orrery.Kernel.Time;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Systems.VllmV0;

namespace Orrery.Serving.Systems.Andes;

/// <summary>What is gained by serving a request.</summary>
public enum Gain
{
    /// <summary>Q_serve − Q_wait: the sum of QoE.</summary>
    Average,

    /// <summary>max(0, Q_min − Q_wait): the lowest QoE, Q_min being the lowest of now.</summary>
    MaxMin,

    /// <summary>Requests whose QoE is 1 and stays 1 only when served.</summary>
    Perfect,
}

/// <summary>How far ahead QoE is predicted.</summary>
public enum Horizon
{
    /// <summary>The mean time that requests took to finish so far; the given steps before any did.</summary>
    Completion,

    /// <summary>A number of steps with everybody in the batch.</summary>
    Steps,

    /// <summary>A fixed time.</summary>
    Time,
}

/// <summary>What the packing does with a request that does not fit.</summary>
public enum Misfit
{
    /// <summary>It ends, as in the paper.</summary>
    Stop,

    /// <summary>It goes on with the next, as in other implementations.</summary>
    Skip,
}

/// <summary>Options of Andes; what it shares with vLLM v0, on which it was built, has that engine's defaults.</summary>
public sealed record AndesOptions : SchedulerSpec
{
    public static readonly OptionSet<AndesOptions> Set = new OptionSet<AndesOptions>()
        .Choice("gain", o => o.Gain, (o, v) => o with { Gain = v }, "what is gained by serving a request", "arXiv 2404.16283 (b)")
        .Choice("horizon", o => o.Horizon, (o, v) => o with { Horizon = v },
            "dt: how far ahead QoE is predicted; the paper reports it as robust", "our choice (d)")
        .Int("horizonSteps", o => o.HorizonSteps, (o, v) => o with { HorizonSteps = v }, "dt in steps, for horizon: steps", "our choice (d)", max: 1_000_000)
        .Duration("horizonTime", o => o.HorizonTime, (o, v) => o with { HorizonTime = v }, "dt, for horizon: time", "our choice (d)")
        .Number("memoryTrigger", o => o.MemoryTrigger, (o, v) => o with { MemoryTrigger = v },
            "below this share of KV memory everybody is served as they came; above it too while nobody waits and all fit; a full running set triggers as well", "arXiv 2404.16283 (b)", max: 1)
        .Number("preemptions", o => o.Preemptions, (o, v) => o with { Preemptions = v },
            "P: mean preemptions per request so far at which running requests are kept; memory that runs out still evicts", "arXiv 2404.16283 (b)")
        .Choice("misfit", o => o.Misfit, (o, v) => o with { Misfit = v }, "what the packing does with a request that does not fit", "arXiv 2404.16283 (b)")
        .OptionalInt("batchSizes", o => o.BatchSizes, (o, v) => o with { BatchSizes = v },
            "batch sizes tried per decision, evenly spaced from the least to the most; null: all of them", "our choice (d)", min: 2)
        .OptionalInt("maxBatchedTokens", o => o.MaxBatchedTokens, (o, v) => o with { MaxBatchedTokens = v },
            "most prompt tokens of one step; longer prompts are refused; null: the larger of 2048 and the model's limit", "vLLM v0 (c)")
        .Int("maxSequences", o => o.MaxSequences, (o, v) => o with { MaxSequences = v }, "most running sequences", "vLLM v0 code (b)", max: 65_536)
        .Number("watermark", o => o.Watermark, (o, v) => o with { Watermark = v },
            "share of all KV blocks that an admission must leave free", "vLLM v0 code (b)", max: 0.5);

    public Gain Gain { get; init; } = Gain.Average;

    public Horizon Horizon { get; init; } = Horizon.Completion;

    public int HorizonSteps { get; init; } = 50;

    public Duration HorizonTime { get; init; } = Duration.FromSeconds(10);

    public double MemoryTrigger { get; init; } = 0.9;

    public double Preemptions { get; init; } = 1;

    public Misfit Misfit { get; init; } = Misfit.Stop;

    public int? BatchSizes { get; init; } = 8;

    public int? MaxBatchedTokens { get; init; }

    public int MaxSequences { get; init; } = VllmV0Options.DefaultSequences;

    public double Watermark { get; init; } = VllmV0Options.DefaultWatermark;

    public override int MaxStepTokens(ReplicaFacts facts) => MaxBatchedTokens ?? Math.Max(VllmV0Options.LeastBatchedTokens, facts.MaxModelTokens);

    public override IScheduler Create(ReplicaFacts facts) =>
        new Andes(this, new(MaxStepTokens(facts), MaxSequences, Watermark), LatencyProfile.Of(facts, MaxSequences));
}
