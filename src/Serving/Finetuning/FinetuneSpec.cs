using Orrery.Documents;
using Orrery.Serving.Scheduling;
using Orrery.World.Cost;
using Orrery.World.Training;

namespace Orrery.Serving.Finetuning;

/// <summary>How a replica finetunes beside its inference, as data. Finetuning ends when the inference traffic does.</summary>
public abstract record FinetuneSpec
{
    /// <summary>Training sequences go up to 2048 to 8192 tokens (c).</summary>
    public const int DefaultSequenceTokens = 2048;

    /// <summary>Low-rank adapters on the feed-forward's down projection (c).</summary>
    public const int DefaultRank = 16;

    /// <summary>Entries of a dataset (d).</summary>
    public const int DefaultEntries = 1000;

    private const int LongestSequence = 1 << 20;
    private const int LargestRank = 4096;
    private const string Source = "FlexLLM, arXiv 2402.18789";

    public int SequenceTokens { get; init; } = DefaultSequenceTokens;

    public int Rank { get; init; } = DefaultRank;

    /// <summary>What of the forward pass is kept.</summary>
    public KeptActivations Activations { get; init; } = KeptActivations.Rematerialised;

    public int? Jobs { get; init; }

    public int Entries { get; init; } = DefaultEntries;

    public int? MaxUpdates { get; init; }

    public int Accumulate { get; init; } = 1;

    /// <summary>False for a replica that only trains.</summary>
    public virtual bool TakesRequests => true;

    /// <summary>One sentence about an option that is set and has no effect; null: none.</summary>
    public virtual string? Unheeded => null;

    /// <summary>Why the real engine does not train beside inference, a clause; null where it does.</summary>
    public virtual string? WhyNotLive => "the CPU engine has no backward pass";

    public AdapterTraining Training => new(Rank, Activations, SequenceTokens);

    /// <summary>What completes the plans of one replica.</summary>
    /// <param name="stepTimes">The replica's profile of step times, training included.</param>
    /// <param name="layers">Layers of the model.</param>
    public abstract IPlanAddOn Create(ICostModel stepTimes, int layers);

    protected TrainingQueue Queue(int layers) => new(new(SequenceTokens, Entries, Accumulate, MaxUpdates, Jobs), layers);

    /// <summary>The options that every way of finetuning has.</summary>
    protected static OptionSet<T> Declare<T>()
        where T : FinetuneSpec, new() => new OptionSet<T>()
        .Int("sequenceTokens", o => o.SequenceTokens, (o, v) => (T)((FinetuneSpec)o with { SequenceTokens = v }),
            "length of a training sequence; memory for one is set aside", $"{Source} (c)", max: LongestSequence)
        .Int("rank", o => o.Rank, (o, v) => (T)((FinetuneSpec)o with { Rank = v }),
            "rank of the adapters beside the feed-forward's down projection", $"{Source} (c)", max: LargestRank)
        .Choice<KeptActivations>("activations", o => o.Activations, (o, v) => (T)((FinetuneSpec)o with { Activations = v }),
            "kept for the backward pass: every operator's output (stored), what adapter gradients need (pruned), or of that what is not cheap to make again (rematerialised)", $"{Source} (a)")
        .OptionalInt("jobs", o => o.Jobs, (o, v) => (T)((FinetuneSpec)o with { Jobs = v }),
            "jobs that queue, first come, first served; null: one after another without end", "ours (d)")
        .Int("entries", o => o.Entries, (o, v) => (T)((FinetuneSpec)o with { Entries = v }),
            "entries of a job's dataset, trained in order", "ours (d)")
        .OptionalInt("maxUpdates", o => o.MaxUpdates, (o, v) => (T)((FinetuneSpec)o with { MaxUpdates = v }),
            "most optimizer steps of a job; null: as its entries give", $"{Source}: max training steps (b)")
        .Int("accumulate", o => o.Accumulate, (o, v) => (T)((FinetuneSpec)o with { Accumulate = v }),
            "sequences whose gradients are added up before an optimizer step", $"{Source}: gradient accumulation (b)");
}
