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
/// used first, and a step that writes draining ones waits for the oldest copies it needs, and for those only.
/// </remarks>
public sealed class KvSwap
{
    private readonly SwapOptions _options;
    private readonly CopyCosts _costs;
    private readonly Queue<(Instant End, int Blocks)> _draining = new();
    private readonly List<(Instant End, Sequence Sequence)> _returning = [];
    private Instant _outFree;
    private Instant _inFree;
    private Instant _blockedUntil;

    public KvSwap(SwapOptions options, CopyCosts costs, long hostTokens)
    {
        _options = options;
        _costs = costs;
        TotalTokens = hostTokens;
        FreeTokens = hostTokens;
    }

    /// <summary>Tokens that the pool holds.</summary>
    public long TotalTokens { get; }

    public long FreeTokens { get; private set; }

    /// <summary>Whether steps go on beside copies to the host.</summary>
    public bool SendsOutInBackground => _options.Out != CopyMode.Blocking;

    /// <summary>Device blocks whose content is still being copied out.</summary>
    public int DrainingBlocks { get; private set; }

    /// <summary>Sequences that are being copied back in the background.</summary>
    public int Returning => _returning.Count;

    /// <summary>Tokens copied to the host so far.</summary>
    public long TokensOut { get; private set; }

    /// <summary>Tokens copied from the host so far.</summary>
    public long TokensIn { get; private set; }

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
    /// Copies a sequence's KV to the host; the caller then releases its device blocks. False, and nothing happens, when the pool is full.
    /// </summary>
    internal bool TrySendOut(Sequence sequence, IKvMemory memory, Instant now)
    {
        int tokens = sequence.ComputedTokens - sequence.HostTokens;
        if (tokens > FreeTokens || sequence.ComputedTokens == 0) return false;
        FreeTokens -= tokens;
        TokensOut += tokens;
        Duration time = tokens == 0 ? Duration.Zero : _costs.Of(tokens, memory.RunsOf(sequence, sequence.HostTokens, sequence.ComputedTokens));
        sequence.HostTokens = sequence.ComputedTokens;
        sequence.IsOnHost = true;
        if (_options.Out == CopyMode.Blocking)
        {
            _blockedUntil = Instant.Max(now, _blockedUntil) + time;
            sequence.HostReadyAt = _blockedUntil;
            return true;
        }
        _outFree = Instant.Max(now, _outFree) + time;
        sequence.HostReadyAt = _outFree;
        _draining.Enqueue((_outFree, sequence.KvBlocks));
        DrainingBlocks += sequence.KvBlocks;
        return true;
    }

    /// <summary>One-way time of bringing a sequence back into the blocks that it has been given.</summary>
    internal Duration TimeToReturn(Sequence sequence, IKvMemory memory) =>
        _costs.Of(sequence.ComputedTokens, memory.RunsOf(sequence, 0, sequence.ComputedTokens));

    /// <summary>Whether copies of so long may run beside a step of so many other sequences.</summary>
    internal bool HidesReturn(Duration copies, int others, Duration lastStep) => _options.In switch
    {
        CopyMode.Background => others > 0,
        CopyMode.Adaptive => others >= _options.MinBatch && copies.Nanoseconds <= _options.HideFactor * lastStep.Nanoseconds,
        _ => false,
    };

    /// <summary>Starts a copy back in the background; the sequence is in flight until it ends.</summary>
    internal void StartReturn(Sequence sequence, Duration time, Instant now)
    {
        _inFree = Instant.Max(Instant.Max(now, sequence.HostReadyAt), _inFree) + time;
        _returning.Add((_inFree, sequence));
        sequence.InFlight = true;
    }

    /// <summary>A copy back for which the step waits; blocking copies follow each other.</summary>
    internal void Return(Sequence sequence, Duration time, Instant now)
    {
        Instant start = Instant.Max(Instant.Max(now, sequence.HostReadyAt), Instant.Max(_inFree, _blockedUntil));
        _blockedUntil = _inFree = start + time;
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
        FreeTokens += sequence.HostTokens;
        sequence.HostTokens = 0;
        sequence.IsOnHost = false;
    }

    private void Arrived(Sequence sequence)
    {
        TokensIn += sequence.ComputedTokens;
        Drop(sequence);
    }
}
