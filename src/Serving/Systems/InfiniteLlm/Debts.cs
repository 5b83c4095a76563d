using Orrery.Serving.Lending;

namespace Orrery.Serving.Systems.InfiniteLlm;

/// <summary>Who lacks memory and who has some to spare, and what a debtor would do with more.</summary>
/// <param name="options">Thresholds.</param>
/// <param name="facts">What is known beside reports.</param>
internal sealed class Debts(InfiniteLlmOptions options, LendingFacts facts)
{
    /// <summary>Its queue stands because the first does not fit.</summary>
    public bool IsBlocked(LendingReport report) => Missing(report) > 0;

    /// <summary>Blocks that the first in the queue lacks, with those that stay free for growth. What is promised already counts.</summary>
    public int Missing(LendingReport report) =>
        report.FirstWaitingBlocks == 0 ? 0 : Math.Max(0, report.FirstWaitingBlocks + Kept(report) - report.FreeBlocks - report.PendingBlocks);

    /// <summary>One of its running sequences holds much of its memory.</summary>
    public bool HasLong(LendingReport report) => report.Longest.Count > 0 && report.Longest[0].MovableBlocks >= options.LongShare * report.TotalBlocks;

    /// <summary>
    /// Half of what is kept for the growth of those that run is gone: somebody will have to give way, unless blocks of the longest go elsewhere (our
    /// rule, d: the first version borrowed when an instance ran out).
    /// </summary>
    public bool IsShort(LendingReport report) => report.Longest.Count > 0 && report.Longest[0].MovableBlocks > 0 && report.FreeBlocks + report.PendingBlocks < Kept(report) / 2;

    /// <summary>Waits, runs something long or runs out, with a batch below the compute bound.</summary>
    public bool IsDebtor(LendingReport report) => report.Batch < facts.BatchLimit && (IsBlocked(report) || HasLong(report) || IsShort(report));

    /// <summary>
    /// What an instance can lend to a debtor; 0 below the threshold. One whose queue stands lends nothing, unless its first can only enter with the help
    /// of others and came after the debtor's: else two of them could wait for each other for ever.
    /// </summary>
    public int Spare(LendingReport report, LendingReport debtor)
    {
        if (report.Index == debtor.Index) return 0;
        bool givesWay = report.FirstIsTooLong && (debtor.FirstArrival, debtor.Index).CompareTo((report.FirstArrival, report.Index)) < 0;
        int spare = IsBlocked(report) && !givesWay ? 0 : facts.Lendable(report);
        return spare >= Math.Max(1, options.Threshold * report.TotalBlocks) ? spare : 0;
    }

    /// <summary>Whether blocks for the head of the queue are better than room from the longest running sequence: it is the longer of the two.</summary>
    public static bool PlacesHead(LendingReport report) =>
        report.FirstWaitingBlocks > 0 && (report.Longest.Count == 0 || report.FirstWaitingBlocks >= report.Longest[0].MovableBlocks);

    /// <summary>Sequences that enter from the queue with so many more blocks, in its order.</summary>
    public int Admitted(LendingReport report, int blocks)
    {
        if (report.FirstWaitingBlocks == 0) return 0;
        long free = (long)report.FreeBlocks + report.PendingBlocks + blocks - Kept(report) - report.FirstWaitingBlocks;
        if (free < 0) return 0;
        if (report.Waiting <= 1) return 1;
        double mean = Math.Max(1, (double)(report.WaitingBlocks - report.FirstWaitingBlocks) / (report.Waiting - 1));
        return 1 + (int)Math.Min(report.Waiting - 1, free / mean);
    }

    /// <summary>
    /// Those who ask creditors to make room: their queue stands while much of their memory is lent. Owners with room of their own take blocks
    /// back.
    /// </summary>
    public void TakeBack(IReadOnlyList<LendingReport> reports, HashSet<int> busy, List<LendingOrder> orders)
    {
        foreach (LendingReport creditor in reports)
        {
            if (creditor.LentBlocks == 0 || !IsBlocked(creditor)) continue;
            int needed = Missing(creditor);
            foreach ((int owner, int blocks) in creditor.LentTo.OrderByDescending(static debt => debt.Blocks).ThenBy(static debt => debt.Owner))
            {
                if (needed <= 0) break;
                LendingReport debtor = reports[owner];
                int room = (int)Math.Min(debtor.FreeBlocks - Kept(debtor) - debtor.WaitingBlocks, blocks);
                if (room <= 0 || !busy.Add(owner)) continue;
                int taken = Math.Min(room, needed);
                orders.Add(new(LendingKind.TakeBack, owner, creditor.Index, taken));
                needed -= taken;
            }
        }
    }

    /// <summary>Blocks that lending leaves free for growth.</summary>
    public int Kept(LendingReport report) => (int)(facts.KeptShare * report.TotalBlocks);
}
