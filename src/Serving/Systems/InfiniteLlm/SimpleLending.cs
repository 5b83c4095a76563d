using Orrery.Kernel.Random;
using Orrery.Serving.Lending;

namespace Orrery.Serving.Systems.InfiniteLlm;

/// <summary>
/// Lends whatever lets the first of a queue in, without asking what it costs: from the nearest instances and as few as will do (the first version of
/// Infinite-LLM, DistKV-LLM; c), or from instances in random order, to debtors in random order (its baseline; c).
/// </summary>
/// <param name="options">Thresholds.</param>
/// <param name="random">Null for the nearest.</param>
internal sealed class SimpleLending(InfiniteLlmOptions options, RandomStream? random) : ILendingPolicy
{
    public void Plan(IReadOnlyList<LendingReport> reports, LendingFacts facts, long round, List<LendingOrder> orders)
    {
        ArgumentNullException.ThrowIfNull(reports);
        ArgumentNullException.ThrowIfNull(facts);
        Debts debts = new(options, facts);
        HashSet<int> busy = [];
        debts.TakeBack(reports, busy, orders);
        int[] lent = new int[reports.Count];
        HashSet<int> lenders = [];
        IEnumerable<LendingReport> debtors = reports.Where(report => (debts.IsBlocked(report) || debts.IsShort(report)) && !busy.Contains(report.Index));
        debtors = random is null ? debtors.OrderBy(static r => r.Batch).ThenBy(static r => r.FirstArrival).ThenBy(static r => r.Index) : debtors.OrderBy(r => random.Keyed(round, r.Index));
        foreach (LendingReport debtor in debtors.ToList())
        {
            if (lenders.Contains(debtor.Index)) continue;
            int[] spare = [.. reports.Select(report => Math.Max(0, debts.Spare(report, debtor) - lent[report.Index]))];
            bool places = debts.IsBlocked(debtor) && Debts.PlacesHead(debtor);
            int missing = debts.IsBlocked(debtor) ? debts.Missing(debtor) : debts.Kept(debtor);
            if (!places) missing = Math.Min(missing, debtor.Longest[0].MovableBlocks);
            foreach (int creditor in Order(debtor.Index, reports.Count, spare, facts, round))
            {
                if (missing <= 0) break;
                if (spare[creditor] == 0 || busy.Contains(creditor)) continue;
                int share = Math.Min(missing, spare[creditor]);
                orders.Add(new(places ? LendingKind.Place : LendingKind.Copy, debtor.Index, creditor, share, places ? -1 : debtor.Longest[0].Id));
                busy.Add(debtor.Index);
                lenders.Add(creditor);
                lent[creditor] += share;
                missing -= share;
            }
        }
    }

    private IEnumerable<int> Order(int debtor, int count, int[] spare, LendingFacts facts, long round) => random is null
        ? Enumerable.Range(0, count).OrderByDescending(i => facts.Prices.Network.Between(debtor, i).Bandwidth).ThenByDescending(i => spare[i]).ThenBy(static i => i)
        : Enumerable.Range(0, count).OrderBy(i => random.Keyed(round, ((long)(debtor + 1) << 32) + i));
}
