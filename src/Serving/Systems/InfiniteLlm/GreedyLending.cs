using Orrery.Kernel.Time;
using Orrery.Serving.Lending;

namespace Orrery.Serving.Systems.InfiniteLlm;

/// <summary>
/// Debtors by rising batch, creditors by falling spare memory: for each debtor the amount x of blocks, in chunks, for which the predicted throughput
/// of debtor and creditors together grows most; nothing where it does not grow (Infinite-LLM, arXiv 2401.02669; reconstructed, c).
/// </summary>
/// <remarks>
/// Throughput of an instance is β / T with T(β, K) = T_lin(β) + max(T_att · K here, exchange + T_att · K at the holder that has most) + combine + T_att · K of
/// guests. Without help a queue whose first does not fit stands until enough of those that run have left, so a debtor's throughput is that of the moment
/// in which its first enters (our reading, d: against the present batch a long request would never be worth its attention). With x blocks fewer have to
/// leave, or more come in; x leave its own memory or are written elsewhere, and each creditor gets guests in proportion. The time that prompts take to
/// read is not in the prediction.
/// </remarks>
internal sealed class GreedyLending(InfiniteLlmOptions options) : ILendingPolicy
{
    public void Plan(IReadOnlyList<LendingReport> reports, LendingFacts facts, long round, List<LendingOrder> orders)
    {
        ArgumentNullException.ThrowIfNull(reports);
        Debts debts = new(options, facts);
        HashSet<int> busy = [];
        debts.TakeBack(reports, busy, orders);
        List<LendingReport> debtors = [.. reports.Where(report => debts.IsDebtor(report) && !busy.Contains(report.Index)).OrderBy(static r => r.Batch).ThenBy(static r => r.FirstArrival).ThenBy(static r => r.Index)];
        int[] lent = new int[reports.Count];
        long[] guests = [.. reports.Select(static report => report.GuestTokens)];
        HashSet<int> lenders = [];
        foreach (LendingReport debtor in debtors)
        {
            if (lenders.Contains(debtor.Index)) continue;
            // Those who borrow in this round do not lend in it.
            int[] spare = [.. reports.Select(report => Math.Max(0, debts.Spare(report, debtor) - lent[report.Index]))];
            List<int> creditors = [.. Enumerable.Range(0, reports.Count)
                .Where(i => spare[i] > 0 && !busy.Contains(i))
                .OrderByDescending(i => spare[i]).ThenBy(static i => i)];
            (int blocks, double gain) = Best(debtor, reports, creditors, spare, guests, facts, debts);
            if (gain <= 0) continue;
            busy.Add(debtor.Index);
            bool places = debts.IsBlocked(debtor) && Debts.PlacesHead(debtor);
            foreach (int creditor in creditors)
            {
                if (blocks == 0) break;
                int share = Math.Min(blocks, spare[creditor]);
                orders.Add(new(places ? LendingKind.Place : LendingKind.Copy, debtor.Index, creditor, share, places ? -1 : debtor.Longest[0].Id));
                lenders.Add(creditor);
                lent[creditor] += share;
                guests[creditor] += (long)share * facts.BlockTokens;
                blocks -= share;
            }
        }
    }

    private (int Blocks, double Gain) Best(
        LendingReport debtor, IReadOnlyList<LendingReport> reports, List<int> creditors, int[] spare, long[] guests, LendingFacts facts, Debts debts)
    {
        bool places = debts.IsBlocked(debtor) && Debts.PlacesHead(debtor);
        long most = creditors.Sum(i => (long)spare[i]);
        if (places) most = Math.Min(most, debtor.WaitingBlocks);
        else most = Math.Min(most, debtor.Longest.Count == 0 ? 0 : debtor.Longest[0].MovableBlocks);
        double present = After(debtor, 0, [], facts, debts);
        (int Blocks, double Gain) best = (0, 0);
        double lost = 0;
        int filled = 0;
        int before = 0;
        // A prompt that waits is written elsewhere only when all of it fits.
        int first = places ? debts.Missing(debtor) : options.Chunk;
        for (long x = first; x <= most; x += options.Chunk)
        {
            // Creditors before the present one are used up: what they lose is settled.
            while (filled < creditors.Count && x - before > spare[creditors[filled]])
            {
                lost += Loss(reports[creditors[filled]], guests[creditors[filled]], spare[creditors[filled]], facts);
                before += spare[creditors[filled++]];
            }
            if (filled == creditors.Count) break;
            double losing = lost + Loss(reports[creditors[filled]], guests[creditors[filled]], (int)x - before, facts);
            double gain = After(debtor, (int)x, creditors.Take(filled + 1), facts, debts) - present - losing;
            if (gain > best.Gain) best = ((int)x, gain);
        }
        return best;
    }

    /// <summary>The debtor's throughput once the first of its queue is in, with the help of so many blocks and as many departures as it then takes.</summary>
    private static double After(LendingReport debtor, int blocks, IEnumerable<int> holders, LendingFacts facts, Debts debts)
    {
        double batch = debtor.Batch;
        double tokens = debtor.LocalTokens;
        if (debts.IsBlocked(debtor))
        {
            int lacking = Math.Max(0, debts.Missing(debtor) - blocks);
            // Nobody's departure lets it in: the instance runs empty.
            if (debtor.FirstIsTooLong && lacking > 0) return 0;
            double mean = batch > 0 ? Math.Max(1, (debtor.TotalBlocks - debtor.FreeBlocks - debtor.LentBlocks) / batch) : 1;
            double leaving = Math.Min(batch, Math.Ceiling(lacking / mean));
            int admitted = Math.Max(1, debts.Admitted(debtor, blocks));
            tokens = (batch > 0 ? tokens * (1 - (leaving / batch)) : 0) + (Joined(debtor, admitted) * facts.BlockTokens);
            batch += admitted - leaving;
        }
        else if (blocks == 0 && debts.IsShort(debtor))
        {
            batch--;
        }
        double elsewhere = (double)blocks * facts.BlockTokens;
        IEnumerable<int> asked = debtor.RemoteTokens > 0 ? holders.DefaultIfEmpty(debtor.Index) : holders;
        return Throughput((int)batch, Math.Max(0, tokens - elsewhere), debtor.RemoteTokens + elsewhere, debtor.GuestTokens, debtor.Index, asked, facts);
    }

    private static double Joined(LendingReport debtor, int admitted)
    {
        double others = debtor.Waiting > 1 ? (double)(debtor.WaitingBlocks - debtor.FirstWaitingBlocks) / (debtor.Waiting - 1) : 0;
        return debtor.FirstWaitingBlocks + ((admitted - 1) * others);
    }

    private static double Loss(LendingReport creditor, long guests, int blocks, LendingFacts facts)
    {
        double more = (double)blocks * facts.BlockTokens;
        return Throughput(creditor.Batch, creditor.LocalTokens, creditor.RemoteTokens, guests, creditor.Index, [], facts)
            - Throughput(creditor.Batch, creditor.LocalTokens, creditor.RemoteTokens, guests + more, creditor.Index, [], facts);
    }

    /// <summary>Tokens per second of an instance; holders share its remote tokens evenly.</summary>
    private static double Throughput(int batch, double here, double remote, double guests, int index, IEnumerable<int> holders, LendingFacts facts)
    {
        if (batch == 0) return 0;
        double attention = here * facts.Times.SecondsPerToken;
        double after = guests * facts.Times.SecondsPerToken;
        if (remote > 0)
        {
            int count = 0;
            Duration exchange = Duration.Zero;
            foreach (int holder in holders)
            {
                count++;
                exchange = Duration.Max(exchange, facts.Prices.Network.RoundTrip(index, holder) * facts.Prices.Layers);
            }
            attention = Math.Max(attention, exchange.Seconds + (remote / Math.Max(1, count) * facts.Times.SecondsPerToken));
            after += (facts.Prices.Combine * facts.Prices.Layers).Seconds;
        }
        return batch / (facts.Times.LinearSeconds(batch) + attention + after);
    }
}
