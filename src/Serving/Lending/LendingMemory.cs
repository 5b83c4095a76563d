using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Lending;

/// <summary>A part of a sequence's KV at another replica: whole blocks of its oldest tokens.</summary>
/// <param name="Holder">The replica.</param>
/// <param name="Blocks">How many.</param>
public readonly record struct RemotePart(int Holder, int Blocks);

/// <summary>Blocks that a holder has promised and that hold nothing yet.</summary>
/// <param name="Holder">The replica.</param>
/// <param name="Blocks">How many.</param>
/// <param name="Since">When the promise came.</param>
public readonly record struct KvCredit(int Holder, int Blocks, Instant Since);

/// <summary>
/// Paged KV memory of a replica whose sequences may have blocks elsewhere: leading blocks lie at holders that promised them, the last one
/// always lies here. What is lent to others is taken through <see cref="TryReserve"/> and is gone for those here. Blocks are interchangeable, nothing is shared.
/// </summary>
/// <remarks>
/// Nothing is ever promised twice: a block that a sequence has elsewhere came out of a credit, and a credit came out of blocks that its holder
/// set aside. Prompts that enter use promised blocks first, beyond what is kept here for growth; a decode uses one only when no block is
/// free here, and then the oldest block of its sequence goes out in its place.
/// </remarks>
/// <param name="totalBlocks">Blocks of this replica.</param>
/// <param name="blockTokens">Tokens of a block.</param>
/// <param name="keptBlocks">Blocks that entering prompts leave free here while there are credits.</param>
public sealed class LendingMemory(int totalBlocks, int blockTokens, int keptBlocks = 0) : IKvMemory
{
    private readonly Dictionary<Sequence, List<RemotePart>> _remote = [];
    private readonly List<KvCredit> _credits = [];

    public int BlockTokens { get; } = blockTokens;

    public int TotalBlocks { get; } = totalBlocks;

    /// <summary>Blocks free here.</summary>
    public int FreeHere { get; private set; } = totalBlocks;

    /// <summary>Blocks promised elsewhere and not used.</summary>
    public int Credit { get; private set; }

    /// <summary>Free here and promised elsewhere.</summary>
    public int FreeBlocks => FreeHere + Credit;

    public int UsedBlocks => TotalBlocks - FreeHere;

    public int QuietBlocks => FreeHere;

    /// <summary>What a sequence may hold with the help of all others; set when the fleet is known.</summary>
    public int LongestBlocks { get; set; } = totalBlocks;

    /// <summary>Blocks that decodes have pushed out since this was last set to zero.</summary>
    public int PushedBlocks { get; set; }

    /// <summary>Told of every block elsewhere that is needed no more: holder and blocks. They must be given back there.</summary>
    public Action<int, int> OnReturned { get; set; } = static (_, _) => { };

    /// <summary>Blocks that so many tokens fill.</summary>
    public int BlocksFor(int tokens) => (tokens + BlockTokens - 1) / BlockTokens;

    /// <summary>Sequences with blocks elsewhere.</summary>
    public IReadOnlyCollection<Sequence> Scattered => _remote.Keys;

    /// <summary>Promises that hold nothing yet, oldest first.</summary>
    public IReadOnlyList<KvCredit> Credits => _credits;

    /// <summary>Blocks of a sequence that lie elsewhere.</summary>
    public int RemoteBlocks(Sequence sequence) => _remote.TryGetValue(sequence, out List<RemotePart>? parts) ? Sum(parts) : 0;

    /// <summary>Where they lie.</summary>
    public IReadOnlyList<RemotePart> PartsOf(Sequence sequence) => _remote.TryGetValue(sequence, out List<RemotePart>? parts) ? parts : [];

    /// <summary>Blocks that could go elsewhere: the full ones that lie here, but not the last.</summary>
    public int MovableBlocks(Sequence sequence) => Math.Max(0, sequence.KvBlocks - RemoteBlocks(sequence) - 1);

    /// <summary>Blocks at a holder, used or promised.</summary>
    public int BorrowedFrom(int holder)
    {
        int blocks = 0;
        foreach (KvCredit credit in _credits)
            if (credit.Holder == holder) blocks += credit.Blocks;
        foreach (List<RemotePart> parts in _remote.Values)
            foreach (RemotePart part in parts)
                if (part.Holder == holder) blocks += part.Blocks;
        return blocks;
    }

    public bool TryGrow(Sequence sequence, int tokens) => TryGrow(sequence, tokens, tokens);

    public bool TryGrow(Sequence sequence, int tokens, int roomTokens)
    {
        int missing = BlocksFor(roomTokens) - sequence.KvBlocks;
        if (missing <= 0) return true;
        if (missing > FreeBlocks) return false;
        int least = missing - FreeHere;
        // A prompt leaves room here for the growth of everybody; a decode goes elsewhere only in need.
        int elsewhere = sequence.IsDecoding ? Math.Max(0, least) : Math.Max(least, Math.Min(Credit, missing - Math.Max(0, FreeHere - keptBlocks)));
        elsewhere = Math.Max(0, elsewhere);
        int here = missing - elsewhere;
        if (here == 0 && sequence.KvBlocks == RemoteBlocks(sequence))
        {
            // The last block lies here.
            if (FreeHere == 0) return false;
            elsewhere--;
            here++;
        }
        FreeHere -= here;
        sequence.KvBlocks += missing;
        if (elsewhere == 0) return true;
        UseCredit(sequence, elsewhere);
        if (sequence.IsDecoding) PushedBlocks += elsewhere;
        return true;
    }

    public void Release(Sequence sequence)
    {
        int elsewhere = 0;
        if (_remote.Remove(sequence, out List<RemotePart>? parts))
        {
            elsewhere = Sum(parts);
            foreach (RemotePart part in parts) OnReturned(part.Holder, part.Blocks);
        }
        FreeHere += sequence.KvBlocks - elsewhere;
        sequence.KvBlocks = 0;
    }

    public bool TryReserve(int blocks)
    {
        if (blocks > FreeHere) return false;
        FreeHere -= blocks;
        return true;
    }

    public void Unreserve(int blocks)
    {
        if (FreeHere + blocks > TotalBlocks) throw new InvalidOperationException($"{blocks} blocks returned that were never reserved");
        FreeHere += blocks;
    }

    /// <summary>A holder has promised blocks.</summary>
    public void AddCredit(int holder, int blocks, Instant now)
    {
        _credits.Add(new(holder, blocks, now));
        Credit += blocks;
    }

    /// <summary>Gives promises back that nobody has used since an instant.</summary>
    /// <returns>Blocks given back.</returns>
    public int ReturnCredits(Instant grantedBefore)
    {
        int blocks = 0;
        foreach (KvCredit credit in _credits)
        {
            if (credit.Since >= grantedBefore) continue;
            blocks += credit.Blocks;
            OnReturned(credit.Holder, credit.Blocks);
        }
        _credits.RemoveAll(credit => credit.Since < grantedBefore);
        Credit -= blocks;
        return blocks;
    }

    /// <summary>Copies of leading blocks have arrived at a holder that was asked for them: they are used there and free here.</summary>
    /// <returns>Blocks that moved: fewer, where the sequence has fewer to give by now. The others are given back.</returns>
    public int MoveOut(Sequence sequence, int holder, int blocks)
    {
        int moved = Math.Min(blocks, sequence.KvBlocks == 0 ? 0 : MovableBlocks(sequence));
        if (moved > 0)
        {
            AddPart(sequence, holder, moved);
            FreeHere += moved;
        }
        if (moved < blocks) OnReturned(holder, blocks - moved);
        return moved;
    }

    /// <summary>Blocks have come home into room that was set aside through <see cref="TryReserve"/>; all of that room is used or given up.</summary>
    /// <returns>Blocks that came home: fewer, where the sequence has fewer there by now.</returns>
    public int MoveHome(Sequence sequence, int holder, int blocks)
    {
        Unreserve(blocks);
        if (!_remote.TryGetValue(sequence, out List<RemotePart>? parts)) return 0;
        int index = parts.FindIndex(part => part.Holder == holder);
        if (index < 0) return 0;
        int moved = Math.Min(blocks, parts[index].Blocks);
        FreeHere -= moved;
        if (moved == parts[index].Blocks) parts.RemoveAt(index);
        else parts[index] = new(holder, parts[index].Blocks - moved);
        if (parts.Count == 0) _remote.Remove(sequence);
        OnReturned(holder, moved);
        return moved;
    }

    /// <summary>Sequences with blocks at a holder, by number.</summary>
    public IReadOnlyList<Sequence> HeldBy(int holder) =>
        [.. _remote.Where(pair => pair.Value.Exists(part => part.Holder == holder)).Select(static pair => pair.Key).OrderBy(static sequence => sequence.Id)];

    /// <summary>A holder is gone with all it held.</summary>
    /// <returns>The sequences that have lost tokens: their prompts must be computed again. They still hold what they have here and at others.</returns>
    public IReadOnlyList<Sequence> Lose(int holder)
    {
        Credit -= _credits.Where(credit => credit.Holder == holder).Sum(credit => credit.Blocks);
        _credits.RemoveAll(credit => credit.Holder == holder);
        IReadOnlyList<Sequence> hit = HeldBy(holder);
        foreach (Sequence sequence in hit)
        {
            List<RemotePart> parts = _remote[sequence];
            sequence.KvBlocks -= Sum(parts.FindAll(part => part.Holder == holder));
            parts.RemoveAll(part => part.Holder == holder);
            if (parts.Count == 0) _remote.Remove(sequence);
        }
        return hit;
    }

    private void UseCredit(Sequence sequence, int blocks)
    {
        Credit -= blocks;
        while (blocks > 0)
        {
            KvCredit first = _credits[0];
            int used = Math.Min(blocks, first.Blocks);
            AddPart(sequence, first.Holder, used);
            if (used == first.Blocks) _credits.RemoveAt(0);
            else _credits[0] = first with { Blocks = first.Blocks - used };
            blocks -= used;
        }
    }

    private void AddPart(Sequence sequence, int holder, int blocks)
    {
        if (!_remote.TryGetValue(sequence, out List<RemotePart>? parts)) _remote.Add(sequence, parts = []);
        int index = parts.FindIndex(part => part.Holder == holder);
        if (index < 0) parts.Add(new(holder, blocks));
        else parts[index] = new(holder, parts[index].Blocks + blocks);
    }

    private static int Sum(List<RemotePart> parts)
    {
        int blocks = 0;
        foreach (RemotePart part in parts) blocks += part.Blocks;
        return blocks;
    }
}
