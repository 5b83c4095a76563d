namespace Orrery.Serving.Lending;

/// <summary>
/// Who has lent how much to whom, over the whole fleet: every block that is set aside at a creditor is, at any time, in exactly one of four
/// states. It is what the fleet's memories say, kept apart from them, so that each can be checked against the other.
/// </summary>
/// <param name="totalBlocks">Blocks of each instance.</param>
/// <param name="lendLimit">Share of them that may be lent.</param>
public sealed class LendingLedger(IReadOnlyList<int> totalBlocks, double lendLimit)
{
    private readonly SortedDictionary<(int Creditor, int Debtor), Entry> _entries = [];

    /// <summary>Instances.</summary>
    public int Count => totalBlocks.Count;

    /// <summary>Blocks that an instance may lend in all.</summary>
    public int LimitOf(int instance) => (int)(lendLimit * totalBlocks[instance]);

    /// <summary>Blocks set aside at an instance for all others.</summary>
    public int LentBy(int creditor) => _entries.Where(pair => pair.Key.Creditor == creditor).Sum(static pair => pair.Value.Lent);

    /// <summary>Blocks set aside for an instance at all others.</summary>
    public int LentTo(int debtor) => _entries.Where(pair => pair.Key.Debtor == debtor).Sum(static pair => pair.Value.Lent);

    /// <summary>The debtors of an instance.</summary>
    public IReadOnlyList<(int Owner, int Blocks)> DebtorsOf(int creditor) =>
        [.. _entries.Where(pair => pair.Key.Creditor == creditor && pair.Value.Lent > 0).Select(static pair => (pair.Key.Debtor, pair.Value.Lent))];

    /// <summary>Blocks set aside for an instance that it cannot use yet, or not any more: promises and copies under way.</summary>
    public int PendingOf(int debtor) => _entries.Where(pair => pair.Key.Debtor == debtor).Sum(static pair => pair.Value.Promised + pair.Value.Copying);

    /// <summary>The creditor has set blocks aside; its answer is on its way.</summary>
    /// <exception cref="InvalidOperationException">It lends more than it may, or to itself.</exception>
    public void Promise(int creditor, int debtor, int blocks)
    {
        if (creditor == debtor) throw new InvalidOperationException($"instance {creditor} would lend to itself");
        if (LentBy(creditor) + blocks > LimitOf(creditor)) throw new InvalidOperationException($"instance {creditor} would lend {LentBy(creditor) + blocks} blocks of at most {LimitOf(creditor)}");
        Entry entry = At(creditor, debtor);
        entry.Lent += blocks;
        entry.Promised += blocks;
    }

    /// <summary>The answer is there: the debtor copies into some of the blocks, and may use the others.</summary>
    public void Accept(int creditor, int debtor, int blocks, int copying)
    {
        Entry entry = At(creditor, debtor);
        entry.Promised -= blocks;
        entry.Copying += copying;
        entry.Held += blocks - copying;
    }

    /// <summary>Copies have arrived and belong to a sequence.</summary>
    public void Arrive(int creditor, int debtor, int blocks)
    {
        Entry entry = At(creditor, debtor);
        entry.Copying -= blocks;
        entry.Held += blocks;
    }

    /// <summary>The debtor needs blocks no more; the creditor does not know yet.</summary>
    public void Leave(int creditor, int debtor, int blocks)
    {
        Entry entry = At(creditor, debtor);
        entry.Held -= blocks;
        entry.Returning += blocks;
    }

    /// <summary>The creditor has them back.</summary>
    public void Return(int creditor, int debtor, int blocks)
    {
        Entry entry = At(creditor, debtor);
        entry.Returning -= blocks;
        entry.Lent -= blocks;
    }

    /// <summary>An instance is gone: it has lent nothing, and owes nothing.</summary>
    public void Forget(int instance)
    {
        foreach ((int Creditor, int Debtor) key in _entries.Keys.Where(key => key.Creditor == instance || key.Debtor == instance).ToList()) _entries.Remove(key);
    }

    /// <summary>Holds the ledger against itself and against the memories.</summary>
    /// <param name="memories">One per instance.</param>
    /// <exception cref="InvalidOperationException">A block is in two places or in none; the sentence says where.</exception>
    public void Check(IReadOnlyList<LendingMemory> memories)
    {
        ArgumentNullException.ThrowIfNull(memories);
        foreach (((int creditor, int debtor), Entry entry) in _entries)
        {
            bool isNegative = entry.Promised < 0 || entry.Copying < 0 || entry.Held < 0 || entry.Returning < 0;
            if (isNegative || entry.Promised + entry.Copying + entry.Held + entry.Returning != entry.Lent)
                throw new InvalidOperationException($"{creditor} lends {entry.Lent} blocks to {debtor}: {entry.Promised} promised, {entry.Copying} copied, {entry.Held} held, {entry.Returning} on their way back");
            if (entry.Held != memories[debtor].BorrowedFrom(creditor))
                throw new InvalidOperationException($"{debtor} has {memories[debtor].BorrowedFrom(creditor)} blocks at {creditor}, which knows of {entry.Held}");
        }
        for (int i = 0; i < memories.Count; i++)
        {
            LendingMemory memory = memories[i];
            if (memory.FreeHere < 0 || memory.FreeHere + LentBy(i) > memory.TotalBlocks) throw new InvalidOperationException($"instance {i} has {memory.FreeHere} free and {LentBy(i)} lent blocks of {memory.TotalBlocks}");
            foreach (Sequences.Sequence sequence in memory.Scattered)
                if (memory.RemoteBlocks(sequence) >= sequence.KvBlocks) throw new InvalidOperationException($"{sequence} has none of its {sequence.KvBlocks} blocks at {i}");
        }
    }

    private Entry At(int creditor, int debtor)
    {
        if (!_entries.TryGetValue((creditor, debtor), out Entry? entry)) _entries.Add((creditor, debtor), entry = new());
        return entry;
    }

    /// <summary>Blocks set aside at a creditor for a debtor, and what has become of them.</summary>
    private sealed class Entry
    {
        public int Lent { get; set; }

        public int Promised { get; set; }

        public int Copying { get; set; }

        public int Held { get; set; }

        public int Returning { get; set; }
    }
}
