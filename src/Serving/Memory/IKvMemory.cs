using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Memory;

/// <summary>Leading tokens of a prompt that stay in memory while sequences that share them come and go.</summary>
public sealed class KvPin
{
    internal KvPin(IReadOnlyList<CacheBlock> blocks, int tokens)
    {
        Blocks = blocks;
        Tokens = tokens;
    }

    /// <summary>Tokens pinned: whole blocks.</summary>
    public int Tokens { get; }

    internal IReadOnlyList<CacheBlock> Blocks { get; }
}

/// <summary>
/// The KV memory of one replica, in blocks of tokens. Over-commit is impossible by construction: every block comes from
/// <see cref="TryGrow(Sequence, int)"/> or <see cref="TryReserve"/>, and both refuse when too few are free.
/// </summary>
public interface IKvMemory
{
    /// <summary>Tokens per block.</summary>
    int BlockTokens { get; }

    int TotalBlocks { get; }

    /// <summary>Blocks that can be handed out now (a prefix cache counts what it may evict).</summary>
    int FreeBlocks { get; }

    int UsedBlocks => TotalBlocks - FreeBlocks;

    /// <summary>Blocks that growth may take without a plan that looks at each: all that are free, unless some are at other replicas.</summary>
    int QuietBlocks => FreeBlocks;

    /// <summary>Most blocks that one sequence could ever hold: more than all of them where other replicas help.</summary>
    int LongestBlocks => TotalBlocks;

    /// <summary>True when sequences may find content of others here, so that what one computes can unblock another.</summary>
    bool SharesContent => false;

    int BlocksFor(int tokens) => (tokens + BlockTokens - 1) / BlockTokens;

    /// <summary>Leading tokens of a sequence that holds no blocks which the prefix cache could supply now; 0 without a cache.</summary>
    int CachedTokens(Sequence sequence) => 0;

    /// <summary>Makes room for <paramref name="tokens"/> leading tokens in all. All or nothing; true when it already has room.</summary>
    /// <remarks>A sequence without blocks first claims its <see cref="CachedTokens"/>, which then count as computed.</remarks>
    bool TryGrow(Sequence sequence, int tokens);

    /// <summary>The same for an engine that reserves ahead: room for more than the step computes.</summary>
    /// <param name="tokens">Leading tokens that will be computed after this step; a cache may share what they fill.</param>
    /// <param name="roomTokens">Leading tokens to have room for, at least <paramref name="tokens"/>.</param>
    bool TryGrow(Sequence sequence, int tokens, int roomTokens);

    /// <summary>Contiguous ranges of device memory in which the given tokens of a sequence lie; one per block unless the layout knows better.</summary>
    int RunsOf(Sequence sequence, int fromToken, int toToken) => toToken <= fromToken ? 0 : BlocksFor(toToken) - (fromToken / BlockTokens);

    /// <summary>Contiguous ranges that so many tokens would lie in, for estimates.</summary>
    int RunsFor(int tokens) => BlocksFor(tokens);

    /// <summary>Sequences without memory that can be given some now, however many blocks are free.</summary>
    int FreeSlots => int.MaxValue;

    /// <summary>True when <see cref="StepWrites"/> wants to know what each step writes.</summary>
    bool FollowsWrites => false;

    /// <summary>The step about to start leaves a sequence with so many leading tokens.</summary>
    void StepWrites(Sequence sequence, int tokens)
    {
    }

    /// <summary>
    /// A sequence's blocks will be released while tokens in them are still being copied out. True when the memory knows where they lie and
    /// lets a step that writes there wait (<see cref="StepStarts"/>); else the caller sees to it.
    /// </summary>
    bool TryDrain(Sequence sequence, int fromToken, int toToken, Instant end) => false;

    /// <summary>True when <see cref="RoomInPlace"/> may be less than everything.</summary>
    bool HasPlaces => false;

    /// <summary>Leading tokens up to which it makes no difference, to anybody, whether a sequence grows at once or step by step.</summary>
    int RoomInPlace(Sequence sequence) => int.MaxValue;

    /// <summary>A step is about to start: how long it has to wait for the memory, such as pages being mapped. Called once per plan.</summary>
    Duration StepStarts(Instant now) => Duration.Zero;

    /// <summary>
    /// How many decode steps of the same sequences may follow one another as if they were one plan: the step just planned, and those after it
    /// for which <see cref="StepStarts"/> would have nothing to do. At least 1.
    /// </summary>
    int QuietSteps => int.MaxValue;

    /// <summary>Physical pages mapped so far, on one device; 0 where nothing is mapped on demand.</summary>
    long MappedPages => 0;

    /// <summary>Gives all blocks of a sequence back. A cache may keep their content until they are needed.</summary>
    void Release(Sequence sequence);

    /// <summary>
    /// Keeps the leading computed tokens of a sequence in memory, whatever becomes of it, until <see cref="Unpin"/>. Null when there is
    /// nothing that others could find here.
    /// </summary>
    KvPin? Pin(Sequence holder, int tokens) => null;

    /// <summary>Gives a pin up: its content is forgotten at once, or when the last sequence that uses it lets go.</summary>
    void Unpin(KvPin pin)
    {
    }

    /// <summary>Takes blocks that belong to no sequence (padding rows, experiments); false when too few are free.</summary>
    bool TryReserve(int blocks);

    /// <summary>Returns blocks taken by <see cref="TryReserve"/>.</summary>
    void Unreserve(int blocks);
}
