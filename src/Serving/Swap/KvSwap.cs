using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Swap;

/// <summary>
/// The host side of one replica's KV: a pool of tokens and one copy stream in each direction. Copies of a direction follow each other in
/// the order in which the scheduler asked, which is its order of urgency; both directions run at the same time (PCIe is full duplex).
/// </summary>
/// <remarks>
/// Device blocks of a background copy are handed back at once and stay "draining" until the copy has ended: blocks that do not drain are
/// used first, and a step that writes draining ones waits for the oldest copies it needs, and for those only. A memory that knows where
/// its blocks lie waits for the copies of exactly the ranges that are written again. With <see cref="SwapOptions.Reuse"/> a copy stays
/// valid after its sequence came back, so that going out again copies only what was added since, and the KV of a finished turn waits here
/// for the next turn of its conversation; see <see cref="SpareCopies"/> for what happens when the pool is short.
/// </remarks>
public sealed class KvSwap
{
    private readonly SwapOptions _options;
    private readonly CopyCosts _costs;
    private readonly Queue<(Instant End, int Blocks)> _draining = new();
    private readonly List<(Instant End, Sequence Sequence)> _returning = [];
    private readonly SpareCopies _spare;
    private Instant _outFree;
    private Instant _inFree;
    private Instant _blockedUntil;

    public KvSwap(SwapOptions options, CopyCosts costs, long hostTokens)
    {
        _options = options;
        _costs = costs;
        TotalTokens = hostTokens;
        FreeTokens = hostTokens;
        _spare = new(sequence => Copies?.Drop(sequence));
    }

    /// <summary>Moves the bytes; null where there are none. It serves sequences of no conversation: nothing is parked between turns.</summary>
    public IKvCopies? Copies { get; init; }

    /// <summary>Tokens that the pool holds.</summary>
    public long TotalTokens { get; }

    /// <summary>Tokens that hold no copy.</summary>
    public long FreeTokens { get; private set; }

    /// <summary>Whether steps go on beside copies to the host.</summary>
    public bool SendsOutInBackground => _options.Out != CopyMode.Blocking;

    /// <summary>Tokens of copies that are kept for reuse only and are overwritten when the pool is short.</summary>
    public long SpareTokens => _spare.Tokens;

    /// <summary>Those of them that belong to conversations between two turns.</summary>
    public long ParkedTokens => _spare.ParkedTokens;

    /// <summary>Device blocks whose content is still being copied out.</summary>
    public int DrainingBlocks { get; private set; }

    /// <summary>Sequences that are being copied back in the background.</summary>
    public int Returning => _returning.Count;

    /// <summary>Tokens copied to the host so far.</summary>
    public long TokensOut { get; private set; }

    /// <summary>Tokens copied from the host so far.</summary>
    public long TokensIn { get; private set; }

    /// <summary>Tokens of earlier turns that new turns found here so far.</summary>
    public long TokensReused { get; private set; }

    /// <summary>Tokens of spare copies that were overwritten so far.</summary>
    public long TokensOverwritten => _spare.Overwritten;

    /// <summary>When the next background copy ends.</summary>
    public Instant NextEnd
    {
        get
        {
            Instant next = _draining.Count > 0 ? _draining.Peek().End : Instant.Never;
            foreach ((Instant end, _) in _returning) next = Instant.Min(next, end);
            return next;
        }
    }

    /// <summary>One-way time of copying so many tokens that lie in so many contiguous runs.</summary>
    public Duration TimeFor(long tokens, int runs) => _costs.Of(tokens, runs);

    /// <summary>Ends the copies whose time has come. True when any did.</summary>
    internal bool Advance(Instant now)
    {
        bool ended = false;
        while (_draining.Count > 0 && _draining.Peek().End <= now)
        {
            DrainingBlocks -= _draining.Dequeue().Blocks;
            ended = true;
        }
        for (int i = _returning.Count - 1; i >= 0; i--)
        {
            if (_returning[i].End > now) continue;
            Sequence sequence = _returning[i].Sequence;
            _returning.RemoveAt(i);
            sequence.InFlight = false;
            Arrived(sequence);
            ended = true;
        }
        return ended;
    }

    /// <summary>
    /// Copies to the host what it does not have of a sequence's KV; the caller then releases its device blocks. False, and nothing happens,
    /// when the pool is full.
    /// </summary>
    internal bool TrySendOut(Sequence sequence, IKvMemory memory, Instant now)
    {
        if (sequence.ComputedTokens == 0) return false;
        _spare.Withdraw(sequence);
        int missing = sequence.ComputedTokens - sequence.HostTokens;
        if (missing > FreeTokens + _spare.Tokens)
        {
            if (_options.Reuse) _spare.Keep(sequence);
            return false;
        }
        MakeRoom(missing, null);
        CopyOut(sequence, sequence.ComputedTokens, memory, now);
        sequence.IsOnHost = true;
        return true;
    }

    /// <summary>
    /// A sequence leaves. Where copies are reused and it has finished a turn of a conversation, what the host does not have of its KV is
    /// copied there for the next turn, as far as there is room beside copies that are worth more; else its copy is dropped.
    /// </summary>
    internal void Leave(Sequence sequence, IKvMemory memory, Instant now)
    {
        if (!_options.Reuse || sequence.Request.Session < 0 || sequence.Outcome != Outcome.Finished)
        {
            Drop(sequence);
            return;
        }
        _spare.Withdraw(sequence);
        FreeTokens += _spare.Unpark(sequence).Tokens;
        // What tools returned stands between its answers and has no name.
        int named = Math.Min(BlockContent.IdentifiedTokens(sequence), sequence.ReturnedTokens > 0 ? sequence.PromptTokens : int.MaxValue);
        int tokens = Math.Min(sequence.ComputedTokens, named);
        if (tokens < sequence.HostTokens)
        {
            FreeTokens += sequence.HostTokens - tokens;
            sequence.HostTokens = tokens;
        }
        MakeRoom(tokens - sequence.HostTokens, sequence);
        tokens = (int)Math.Min(tokens, sequence.HostTokens + FreeTokens);
        CopyOut(sequence, tokens, memory, now);
        _spare.Park(sequence, tokens);
        sequence.HostTokens = 0;
    }

    /// <summary>A new turn finds what the host still has of its conversation: it waits like a sequence that was swapped out.</summary>
    internal void Adopt(Sequence sequence)
    {
        if (!_options.Reuse || sequence.Request.Session < 0) return;
        (int kept, int repeated, Instant readyAt) = _spare.Unpark(sequence);
        FreeTokens += kept;
        // The last token is always computed: its logits are needed.
        int tokens = Math.Min(repeated, sequence.PromptTokens - 1);
        if (tokens <= 0) return;
        FreeTokens -= tokens;
        TokensReused += tokens;
        sequence.ComputedTokens = tokens;
        sequence.HostTokens = tokens;
        sequence.IsOnHost = true;
        sequence.HostReadyAt = readyAt;
        sequence.CachedTokens += tokens;
    }

    /// <summary>One-way time of bringing a sequence back into the blocks that it has been given.</summary>
    internal Duration TimeToReturn(Sequence sequence, IKvMemory memory) =>
        _costs.Of(sequence.ComputedTokens, memory.RunsOf(sequence, 0, sequence.ComputedTokens));

    /// <summary>Whether copies of so long may run beside a step of so many other sequences.</summary>
    /// <remarks>Adaptive looks at the batch and at the recent volume: copies asked for before that still wait for the link count too.</remarks>
    internal bool HidesReturn(Duration copies, int others, Duration lastStep, Instant now) => _options.In switch
    {
        CopyMode.Background => others > 0,
        CopyMode.Adaptive => others >= _options.MinBatch
            && (copies + Duration.Max(Duration.Zero, _inFree - now)).Nanoseconds <= _options.HideFactor * lastStep.Nanoseconds,
        _ => false,
    };

    /// <summary>Starts a copy back in the background; the sequence is in flight until it ends.</summary>
    internal void StartReturn(Sequence sequence, Duration time, Instant now)
    {
        _inFree = Instant.Max(Instant.Max(now, sequence.HostReadyAt), _inFree) + time;
        Copies?.In(sequence);
        _returning.Add((_inFree, sequence));
        sequence.InFlight = true;
    }

    /// <summary>A copy back for which the step waits; blocking copies follow each other.</summary>
    internal void Return(Sequence sequence, Duration time, Instant now)
    {
        Instant start = Instant.Max(Instant.Max(now, sequence.HostReadyAt), Instant.Max(_inFree, _blockedUntil));
        _blockedUntil = _inFree = start + time;
        Copies?.In(sequence);
        Arrived(sequence);
    }

    /// <summary>
    /// When a step may start: after every blocking copy, and after the copies of those draining blocks that it writes because the blocks
    /// left free no longer cover all that drain.
    /// </summary>
    internal Instant StepMayStart(int freeBlocks)
    {
        Instant start = _blockedUntil;
        int missing = DrainingBlocks - freeBlocks;
        foreach ((Instant end, int blocks) in _draining)
        {
            if (missing <= 0) break;
            missing -= blocks;
            start = Instant.Max(start, end);
        }
        return start;
    }

    /// <summary>The sequence's copy is worthless: it left, or will be recomputed.</summary>
    internal void Drop(Sequence sequence)
    {
        _spare.Withdraw(sequence);
        FreeTokens += sequence.HostTokens;
        sequence.HostTokens = 0;
        sequence.IsOnHost = false;
        Copies?.Drop(sequence);
    }

    private void Arrived(Sequence sequence)
    {
        TokensIn += sequence.ComputedTokens;
        if (!_options.Reuse)
        {
            Drop(sequence);
            return;
        }
        sequence.IsOnHost = false;
        _spare.Keep(sequence);
    }

    private void MakeRoom(int tokens, Sequence? worthAtMost)
    {
        if (tokens > FreeTokens) FreeTokens += _spare.Overwrite((int)(tokens - FreeTokens), worthAtMost);
    }

    /// <summary>Completes a sequence's copy up to a number of leading tokens, for which there is room.</summary>
    private void CopyOut(Sequence sequence, int toToken, IKvMemory memory, Instant now)
    {
        int from = sequence.HostTokens;
        int tokens = toToken - from;
        if (tokens <= 0) return;
        FreeTokens -= tokens;
        TokensOut += tokens;
        Copies?.Out(sequence, from, toToken);
        Duration time = _costs.Of(tokens, memory.RunsOf(sequence, from, toToken));
        sequence.HostTokens = toToken;
        if (_options.Out == CopyMode.Blocking)
        {
            _blockedUntil = Instant.Max(now, _blockedUntil) + time;
            sequence.HostReadyAt = _blockedUntil;
            return;
        }
        _outFree = Instant.Max(now, _outFree) + time;
        sequence.HostReadyAt = _outFree;
        if (memory.TryDrain(sequence, from, toToken, _outFree)) return;
        // All that is released besides can be written at once.
        int blocks = Math.Min(sequence.KvBlocks, memory.BlocksFor(toToken)) - (from / memory.BlockTokens);
        _draining.Enqueue((_outFree, blocks));
        DrainingBlocks += blocks;
    }
}
