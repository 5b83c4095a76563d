using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Serving.Lending;

namespace Orrery.Serving.Systems.InfiniteLlm;

/// <summary>How creditors and amounts are chosen.</summary>
public enum LendingChoice
{
    /// <summary>The amount and the creditors that promise most throughput over the fleet; nothing where none is gained.</summary>
    Greedy,

    /// <summary>The nearest creditors, as few as will do: the first version of the system.</summary>
    Nearest,

    /// <summary>Whatever is asked for, from creditors in random order.</summary>
    Random,
}

/// <summary>
/// Infinite-LLM (Lin et al., arXiv 2401.02669): instances short of KV memory borrow from those that have more than their batches can use. Nothing but the
/// abstract was readable; the scheduler is reconstructed from memory.
/// </summary>
public sealed record InfiniteLlmOptions : LendingSpec
{
    /// <summary>Blocks by which amounts are tried: 1,024 tokens (c: the chunk is not published).</summary>
    public const int DefaultChunk = 64;

    /// <summary>Share of its blocks that a creditor must have to spare (c: the threshold is not published).</summary>
    public const double DefaultThreshold = 0.1;

    /// <summary>Share of an instance's blocks from which a running sequence is long (c).</summary>
    public const double DefaultLongShare = 0.25;

    public static readonly OptionSet<InfiniteLlmOptions> Set = Declare(new OptionSet<InfiniteLlmOptions>()
        .Choice<LendingChoice>("choice", o => o.Choice, (o, v) => o with { Choice = v },
            "greedy; nearest, the first version; random, a baseline", "Infinite-LLM, remembered (c); random: its comparison (c)")
        .Int("chunk", o => o.Chunk, (o, v) => o with { Chunk = v }, "blocks by which amounts are tried", "not published; our choice (c)")
        .Number("threshold", o => o.Threshold, (o, v) => o with { Threshold = v }, "share of its blocks that a creditor must have to spare", "not published; our choice (c)", max: 1)
        .Number("longShare", o => o.LongShare, (o, v) => o with { LongShare = v },
            "share of an instance's blocks from which a running sequence counts as long, so that its instance is a debtor", "not published; our choice (c)", max: 1));

    public LendingChoice Choice { get; init; } = LendingChoice.Greedy;

    public int Chunk { get; init; } = DefaultChunk;

    public double Threshold { get; init; } = DefaultThreshold;

    public double LongShare { get; init; } = DefaultLongShare;

    /// <summary>A replica never has more to spare than it may lend, nor than what lending does not leave free: above that nobody would be a creditor.</summary>
    public override string? Fault() => Threshold < Math.Min(LendLimit, 1 - KeptShare)
        ? null
        : "threshold: nobody would ever have so much to spare; write less than lendLimit, and than 1 - keep";

    public override ILendingPolicy Create(RandomStream random) => Choice switch
    {
        LendingChoice.Greedy => new GreedyLending(this),
        LendingChoice.Nearest => new SimpleLending(this, random: null),
        _ => new SimpleLending(this, random),
    };
}
