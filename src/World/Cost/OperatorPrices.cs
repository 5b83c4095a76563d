using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.World.Cost;

/// <summary>
/// What single operators cost on one device of a deployment, in nanoseconds: where the analytic constants and the measured tables differ.
/// Everything else about a step (which operators, in which order, padded how) is the same for both.
/// </summary>
internal abstract class OperatorPrices
{
    /// <summary>Of large matrix products, for work that has no table of its own.</summary>
    public abstract double NanosecondsPerFlop { get; }

    /// <summary>Of long reads and writes, for work that has no table of its own.</summary>
    public abstract double NanosecondsPerByte { get; }

    /// <summary>Launch of one kernel whose time does not contain it.</summary>
    public abstract double Kernel { get; }

    /// <summary>Rows that matrix products compute for so many.</summary>
    public abstract long ComputedRows(long rows);

    /// <summary>One matrix product or elementwise kernel, by rows.</summary>
    public abstract Func<long, OperatorTime> Linear(LinearOperator op);

    /// <summary>Attention of all chunks of a step in one layer.</summary>
    public abstract OperatorTime Prefill(in ChunkSums chunks);

    /// <summary>The routed experts of one layer.</summary>
    public abstract OperatorTime Routed(in RoutedWork work);

    /// <summary>A collective among neighbouring devices.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="devices">How many take part; nothing is to do for one.</param>
    /// <param name="bytes">The whole buffer.</param>
    public abstract double Collective(CollectiveKind kind, int devices, double bytes);

    /// <summary>Attention of all decodes of a step in one layer; a replica's steps each hold one.</summary>
    public abstract DecodeTimes CreateDecode();
}

/// <summary>The chunks of a step, as far as attention in one layer feels them.</summary>
/// <param name="Work">The chunks as kernels see them; a window leaves shorter histories or more, shorter chunks.</param>
/// <param name="Pairs">Query-key pairs under causal attention, and under the window where there is one.</param>
/// <param name="KvTokens">Cached and new tokens that are read.</param>
/// <param name="History">Cached tokens of all chunks.</param>
internal readonly record struct ChunkSums(PrefillWork Work, long Pairs, long KvTokens, long History);

/// <summary>What reaches the experts of one device in a layer.</summary>
/// <param name="Tokens">Tokens of all data ranks whose experts the device may hold.</param>
/// <param name="Rows">Padded rows of them.</param>
/// <param name="Bytes">Weights of the touched experts and activations.</param>
internal readonly record struct RoutedWork(long Tokens, long Rows, double Bytes);

/// <summary>Decode attention of one layer and device for a fixed set of sequences, as a function of their contexts.</summary>
internal abstract class DecodeTimes
{
    /// <summary>Fixes what stays while contexts grow.</summary>
    /// <param name="sequences">Decodes of the step over all data ranks.</param>
    /// <param name="queryTokens">Their query tokens: one each, more when drafts are verified.</param>
    /// <param name="chunks">Chunks that share the step; none for a step of decodes alone.</param>
    public abstract void Prepare(long sequences, long queryTokens, in ChunkSums chunks);

    /// <summary>Nanoseconds without a separate launch.</summary>
    public abstract double At(in DecodeSums sums);

    /// <summary>The resource terms of the same.</summary>
    public abstract OperatorTime TimeAt(in DecodeSums sums);
}

/// <summary>The decodes of a step, as far as attention in one layer feels them.</summary>
/// <param name="Context">Tokens attended, summed over decodes.</param>
/// <param name="Repeated">Of them, tokens that are read for another decode already.</param>
/// <param name="Longest">The longest context.</param>
/// <param name="Pairs">Query-key pairs.</param>
internal readonly record struct DecodeSums(long Context, long Repeated, long Longest, long Pairs);
