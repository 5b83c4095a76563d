using Orrery.Kernel.Units;
using Orrery.Serving.Calls;
using Orrery.Serving.Drafting;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Swap;
using Orrery.Traffic.Predictors;

namespace Orrery.Live.Designs;

/// <summary>Speculation as far as decisions depend on it.</summary>
/// <param name="Control">Decides how many tokens are proposed.</param>
/// <param name="LooksUp">Proposals are looked up in the text so far and not made by a draft model.</param>
/// <param name="Positions">Longest sequence that the draft model can read; <see cref="int.MaxValue"/> for a look-up.</param>
public sealed record LiveDraft(DraftControlSpec Control, bool LooksUp, int Positions);

/// <summary>
/// Everything that the decisions of a live replica depend on, as data, apart from arrivals and durations: what a tape keeps, so that the same
/// replica can be built again without the model.
/// </summary>
public sealed record LiveDesign
{
    /// <summary>The engine's pages hold 16 tokens.</summary>
    public const int BlockTokens = 16;

    /// <summary>What clients call the model.</summary>
    public required string Model { get; init; }

    public required SchedulerSpec Scheduler { get; init; }

    /// <summary>KV blocks of <see cref="BlockTokens"/> tokens.</summary>
    public required int Blocks { get; init; }

    /// <summary>Whether equal prefixes share their KV.</summary>
    public required bool PrefixCache { get; init; }

    /// <summary>Longest sequence, prompt and answer together, in tokens.</summary>
    public required int MaxModelTokens { get; init; }

    /// <summary>Tokens of a step up to which drafts are added.</summary>
    public required int StepTokens { get; init; }

    /// <summary>Memory of the machine; some schedulers choose defaults by it.</summary>
    public required Bytes DeviceMemory { get; init; }

    /// <summary>Pool for the KV of preempted sequences; null recomputes them.</summary>
    public SwapOptions? Swap { get; init; }

    /// <summary>Tokens that the pool holds.</summary>
    public long HostTokens { get; init; }

    /// <summary>What becomes of the KV of sequences that wait for tools.</summary>
    public CallHandlingSpec Calls { get; init; } = new DiscardOptions();

    public LiveDraft? Draft { get; init; }

    /// <summary>Guesses the length of answers from those that have ended.</summary>
    public PredictorSpec OutputLength { get; init; } = new() { Use = "class-mean" };

    /// <summary>Foretells tool calls from those that have ended.</summary>
    public CallPredictorSpec CallTimes { get; init; } = new() { Use = "class-mean", Bins = 0 };

    /// <summary>Key of what predictors draw.</summary>
    public ulong Seed { get; init; }

    /// <summary>True where policies were given a profile of step times, which a replay then needs too.</summary>
    public bool KnowsStepTimes { get; init; }
}
