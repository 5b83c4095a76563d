using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Lending;

/// <summary>What instances tell of themselves, and how orders find what they mean.</summary>
public sealed partial class LendingMarket
{
    /// <summary>Sequences that a heartbeat names.</summary>
    private const int ToldSequences = 4;

    private LendingReport Report(LendingAgent agent)
    {
        ILendingHost host = _hosts[agent.Index];
        LendingMemory memory = agent.Memory;
        if (_gone[agent.Index]) return new(agent.Index, _clock.Now) { TotalBlocks = memory.TotalBlocks, FreeBlocks = 0 };
        host.SettleGrowth();
        long local = 0;
        long remote = 0;
        long waiting = 0;
        Sequence? first = null;
        List<LongSequence> longest = [];
        foreach (Sequence sequence in host.Residents)
        {
            if (sequence.IsPaused) continue;
            // Some engines let a prompt in with room for its first tokens.
            int lacking = sequence.IsDecoding ? 0 : memory.BlocksFor(sequence.TotalTokens) - sequence.KvBlocks;
            if (lacking > 0)
            {
                waiting += lacking;
                if (first is null || (sequence.Arrival, sequence.Id).CompareTo((first.Arrival, first.Id)) < 0) first = sequence;
            }
            if (sequence.KvBlocks == 0) continue;
            int elsewhere = memory.RemoteBlocks(sequence);
            long there = Math.Min((long)elsewhere * memory.BlockTokens, host.ComputedNow(sequence));
            remote += there;
            local += host.ComputedNow(sequence) - there;
            if (sequence.IsDecoding) Name(longest, new(sequence.Id, Movable(agent.Index, sequence), elsewhere));
        }
        int borrowed = Ledger.LentTo(agent.Index);
        return new(agent.Index, _clock.Now)
        {
            TotalBlocks = memory.TotalBlocks,
            FreeBlocks = memory.TotalBlocks - host.UsedBlocks,
            LentBlocks = Ledger.LentBy(agent.Index),
            LentTo = Ledger.DebtorsOf(agent.Index),
            BorrowedBlocks = borrowed,
            PendingBlocks = Ledger.PendingOf(agent.Index) + memory.Credit,
            Batch = host.RunningRequests,
            Waiting = host.WaitingRequests,
            FirstWaitingBlocks = first is null ? 0 : memory.BlocksFor(first.TotalTokens) - first.KvBlocks,
            FirstArrival = first is null ? Instant.Never : first.Arrival,
            FirstIsTooLong = first is not null && memory.BlocksFor(first.TotalTokens) + (int)(_facts.KeptShare * memory.TotalBlocks) > memory.TotalBlocks,
            WaitingBlocks = waiting,
            LocalTokens = local,
            GuestTokens = agent.Work.GuestTokens,
            RemoteTokens = remote,
            Longest = longest,
        };
    }

    /// <summary>Keeps the few with most to give, the first of equal ones by number.</summary>
    private static void Name(List<LongSequence> longest, LongSequence sequence)
    {
        int place = longest.Count;
        while (place > 0 && (longest[place - 1].MovableBlocks, -longest[place - 1].Id).CompareTo((sequence.MovableBlocks, -sequence.Id)) < 0) place--;
        if (place == ToldSequences) return;
        longest.Insert(place, sequence);
        if (longest.Count > ToldSequences) longest.RemoveAt(ToldSequences);
    }

    /// <summary>Full blocks of written tokens that lie here, the last one and those that are being copied left out.</summary>
    private int Movable(int index, Sequence sequence)
    {
        LendingMemory memory = _agents[index].Memory;
        int full = (_hosts[index].ComputedNow(sequence) - 1) / memory.BlockTokens;
        return Math.Max(0, Math.Min(memory.MovableBlocks(sequence), full - memory.RemoteBlocks(sequence)) - _copying.GetValueOrDefault(sequence));
    }

    private Sequence? Find(LendingOrder order)
    {
        _hosts[order.Debtor].SettleGrowth();
        foreach (Sequence sequence in _hosts[order.Debtor].Residents)
            if (sequence.Id == order.Sequence) return sequence is { IsDecoding: true, KvBlocks: > 0, IsPaused: false } ? sequence : null;
        return null;
    }
}
