using Orrery.Kernel.Time;

namespace Orrery.Serving.Lending;

/// <summary>A running sequence of a heartbeat: those with most tokens here are told.</summary>
/// <param name="Id">Its request.</param>
/// <param name="MovableBlocks">Full blocks here that could go elsewhere.</param>
/// <param name="RemoteBlocks">Blocks that lie elsewhere.</param>
public readonly record struct LongSequence(long Id, int MovableBlocks, int RemoteBlocks);

/// <summary>The heartbeat of one instance. Blocks are KV blocks; what it says is of <paramref name="At"/>, and a policy acts on it later.</summary>
/// <param name="Index">The instance.</param>
/// <param name="At">The instant that the numbers are of.</param>
public sealed record LendingReport(int Index, Instant At)
{
    public required int TotalBlocks { get; init; }

    /// <summary>Free here.</summary>
    public required int FreeBlocks { get; init; }

    /// <summary>Set aside here for others.</summary>
    public int LentBlocks { get; init; }

    /// <summary>By whom, and how many.</summary>
    public IReadOnlyList<(int Owner, int Blocks)> LentTo { get; init; } = [];

    /// <summary>At others, used or promised.</summary>
    public int BorrowedBlocks { get; init; }

    /// <summary>Those of them that are promised and not used, and copies on their way.</summary>
    public int PendingBlocks { get; init; }

    /// <summary>Sequences of the running set.</summary>
    public int Batch { get; init; }

    /// <summary>Sequences that wait for a place in it.</summary>
    public int Waiting { get; init; }

    /// <summary>Blocks that the first of them needs; one that entered with a part of its prompt still waits for the rest.</summary>
    public int FirstWaitingBlocks { get; init; }

    /// <summary>When it came.</summary>
    public Instant FirstArrival { get; init; } = Instant.Never;

    /// <summary>It would not fit this instance were it empty.</summary>
    public bool FirstIsTooLong { get; init; }

    /// <summary>Blocks that all of them need.</summary>
    public long WaitingBlocks { get; init; }

    /// <summary>Tokens attended here for its own sequences.</summary>
    public long LocalTokens { get; init; }

    /// <summary>Tokens attended here for others.</summary>
    public long GuestTokens { get; init; }

    /// <summary>Tokens that others attend to for it.</summary>
    public long RemoteTokens { get; init; }

    /// <summary>Longest first.</summary>
    public IReadOnlyList<LongSequence> Longest { get; init; } = [];
}

/// <summary>What a policy orders.</summary>
public enum LendingKind
{
    /// <summary>The debtor borrows; the blocks are for prompts that wait, which are written there.</summary>
    Place,

    /// <summary>The debtor borrows and copies leading blocks of one of its running sequences there.</summary>
    Copy,

    /// <summary>The debtor takes blocks of a running sequence back from the creditor.</summary>
    TakeBack,
}

/// <summary>One order to one debtor. It may fail: reports are old when it is carried out.</summary>
/// <param name="Kind">What to do.</param>
/// <param name="Debtor">Whose sequences.</param>
/// <param name="Creditor">Whose memory.</param>
/// <param name="Blocks">How many blocks.</param>
/// <param name="Sequence">The request whose blocks are copied; −1 where none is meant.</param>
public readonly record struct LendingOrder(LendingKind Kind, int Debtor, int Creditor, int Blocks, long Sequence = -1);

/// <summary>What a policy may know beside reports.</summary>
/// <param name="Times">Step times of one instance.</param>
/// <param name="Prices">What remote attention costs beside attention.</param>
/// <param name="BatchLimit">β*: the batch from which steps are bound by compute.</param>
/// <param name="BlockTokens">Tokens of a block.</param>
/// <param name="LendLimit">Share of an instance's blocks that may be lent.</param>
/// <param name="KeptShare">Share of an instance's blocks that lending leaves free.</param>
public sealed record LendingFacts(InstanceTimes Times, LendingPrices Prices, int BatchLimit, int BlockTokens, double LendLimit, double KeptShare)
{
    /// <summary>Blocks that an instance could still lend, as it reported itself.</summary>
    public int Lendable(LendingReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        // Who cannot let its first in, whatever it frees, needs nothing for those behind it.
        long free = report.FreeBlocks - (long)(KeptShare * report.TotalBlocks) - (report.FirstIsTooLong ? 0 : report.WaitingBlocks);
        long limit = (long)(LendLimit * report.TotalBlocks) - report.LentBlocks;
        return (int)Math.Max(0, Math.Min(free, limit));
    }
}

/// <summary>
/// Decides who lends to whom, from heartbeats that are old by the time it is asked. Pure: no clock, no chance that is not keyed. Orders of one round never
/// make one instance both debtor and creditor.
/// </summary>
public interface ILendingPolicy
{
    /// <param name="reports">One for each instance, in order of index.</param>
    /// <param name="facts">What is known beside.</param>
    /// <param name="round">Rounds before this one.</param>
    /// <param name="orders">Gets the orders.</param>
    void Plan(IReadOnlyList<LendingReport> reports, LendingFacts facts, long round, List<LendingOrder> orders);
}
