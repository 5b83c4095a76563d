using Orrery.Kernel.Time;
using Orrery.Serving.Lending;

namespace Orrery.Serving.Systems.InfiniteLlm;

/// <summary>
/// Debtors by rising batch, creditors by falling spare memory: for each debtor the amount x of blocks, in chunks, for which the predicted throughput
/// of debtor and creditors together grows most; nothing where it does not grow (Infinite-LLM, arXiv 2401.02669; reconstructed, c).
/// </summary>
/// <remarks>
/// Throughput of an instance is β / T with T(β, K) = T_lin(β) + max(T_att · K here, exchange + T_att · K at the holder that has most) + combine + T_att · K of
/// guests. With x blocks more, those in the debtor's queue that then fit join β; x leave its own memory or are written elsewhere, and each
/// creditor gets guests in proportion. The time that new prompts take to read is not in the prediction.
/// </remarks>
internal sealed class GreedyLending(InfiniteLlmOptions options) : ILendingPolicy
{
    public void Plan(IReadOnlyList<LendingReport> reports, LendingFacts facts, long round, List<LendingOrder> orders)
    {
        ArgumentNullException.ThrowIfNull(reports);
        Debts debts = new(options, facts);
        HashSet<int> busy = [];
        debts.TakeBack(reports, busy, orders);
        List<LendingReport> debtors = [.. reports.Where(report => debts.IsDebtor(report) && !busy.Contains(report.Index)).OrderBy(static r => r.Batch).ThenBy(static r => r.Index)];
        // Those with nobody waiting for memory lend, unless they borrow in this round.
        int[] spare = [.. reports.Select(debts.Spare)];
        long[] guests = [.. reports.Select(static report => report.GuestTokens)];
        HashSet<int> lenders = [];
        foreach (LendingReport debtor in debtors)
        {
            if (lenders.Contains(debtor.Index)) continue;
            List<int> creditors = [.. Enumerable.Range(0, reports.Count)
                .Where(i => i != debtor.Index && spare[i] > 0 && !busy.Contains(i))
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
                spare[creditor] -= share;
                guests[creditor] += (long)share * facts.BlockTokens;
                blocks -= share;
            }
        }
    }

    private (int Blocks, double Gain) Best(
        LendingReport debtor, IReadOnlyList<LendingReport> reports, List<int> creditors, int[] spare, long[] guests, LendingFacts facts, Debts debts)
    {
        bool isBlocked = debts.IsBlocked(debtor);
        bool places = isBlocked && Debts.PlacesHead(debtor);
        long most = creditors.Sum(i => (long)spare[i]);
        if (places) most = Math.Min(most, debtor.WaitingBlocks);
        else most = Math.Min(most, debtor.Longest.Count == 0 ? 0 : debtor.Longest[0].MovableBlocks);
        double present = Throughput(debtor.Batch, debtor.LocalTokens, debtor.RemoteTokens, debtor.GuestTokens, debtor.Index, debtor.RemoteTokens > 0 ? [debtor.Index] : [], facts);
        (int Blocks, double Gain) best = (0, 0);
        double lost = 0;
        int filled = 0;
        int before = 0;
        // A prompt that waits is worth nothing before all of it fits.
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
            int admitted = debts.Admitted(debtor, (int)x);
            double tokens = (double)x * facts.BlockTokens;
            double joined = Joined(debtor, admitted) * facts.BlockTokens;
            double here = Math.Max(0, debtor.LocalTokens + joined - tokens);
            double gain = Throughput(debtor.Batch + admitted, here, debtor.RemoteTokens + tokens, debtor.GuestTokens, debtor.Index, creditors.Take(filled + 1), facts) - present - losing;
            if (gain > best.Gain) best = ((int)x, gain);
        }
        return best;
    }

    private static double Joined(LendingReport debtor, int admitted)
    {
        if (admitted == 0) return 0;
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
