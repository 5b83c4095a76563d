using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;
using Orrery.World.Steps;

namespace Orrery.Serving.Execution;

/// <summary>One sequence's part in a step.</summary>
/// <param name="Sequence">Whose tokens.</param>
/// <param name="Tokens">Tokens computed: 1 for a decode, a slice of the missing tokens otherwise.</param>
/// <param name="PaddingTokens">Positions that are computed (prefill) or attended (decode) without being the sequence's own: rectangular batches.</param>
public readonly record struct PlanItem(Sequence Sequence, int Tokens, int PaddingTokens)
{
    /// <summary>True when the step ends with a new output token for this sequence.</summary>
    public bool Samples => Tokens == Sequence.MissingTokens;
}

/// <summary>What one step does. A replica owns a few of these and reuses them; a scheduler fills one.</summary>
public sealed class StepPlan(IKvMemory memory)
{
    private PlanItem[] _items = new PlanItem[32];
    private int _count;
    private int _decodes;
    private readonly List<(int Tokens, int Decodes)> _shared = [];

    public ReadOnlySpan<PlanItem> Items => _items.AsSpan(0, _count);

    public bool IsEmpty => _count == 0;

    /// <summary>True when every item is a decode: only then may steps repeat.</summary>
    public bool IsDecodeOnly => _decodes == _count;

    /// <summary>Tokens of all items.</summary>
    public int Tokens { get; private set; }

    /// <summary>Sequences preempted while this plan was made.</summary>
    public int PreemptedCount { get; private set; }

    /// <summary>Rows that take part in the step and belong to nobody any more (finished rows of a static batch), and what each attends.</summary>
    public int PaddingRows { get; private set; }

    /// <inheritdoc cref="PaddingRows"/>
    public int PaddingRowContext { get; private set; }

    /// <summary>When an empty plan should be reconsidered although nothing arrived or ended (a batching timeout).</summary>
    public Instant RetryAt { get; set; } = Instant.Never;

    /// <summary>Adds a sequence's next tokens. Memory for them must have been taken.</summary>
    /// <exception cref="InvalidOperationException">The scheduler broke the rules: in flight, no such tokens, or no memory.</exception>
    public void Add(Sequence sequence, int tokens, int paddingTokens = 0)
    {
        if (sequence.InFlight) throw new InvalidOperationException($"{sequence} is already in flight");
        if (tokens < 1 || tokens > sequence.MissingTokens) throw new InvalidOperationException($"{sequence} misses {sequence.MissingTokens} tokens, {tokens} were planned");
        if ((long)sequence.KvBlocks * memory.BlockTokens < sequence.ComputedTokens + tokens) throw new InvalidOperationException($"{sequence} was planned without memory for {sequence.ComputedTokens + tokens} tokens");
        if (_count == _items.Length) Array.Resize(ref _items, _count * 2);
        _items[_count++] = new(sequence, tokens, paddingTokens);
        if (sequence.IsDecoding) _decodes++;
        Tokens += tokens;
    }

    /// <summary>Frees a sequence's memory; it will recompute prompt and generated tokens. If it is in this plan it leaves it.</summary>
    /// <returns>The tokens it had in this plan: a budget to refund.</returns>
    public int PreemptByRecompute(Sequence victim)
    {
        if (victim.InFlight) throw new InvalidOperationException($"{victim} is in flight and cannot be preempted");
        int refund = Remove(victim);
        memory.Release(victim);
        victim.ComputedTokens = 0;
        victim.Preemptions++;
        PreemptedCount++;
        return refund;
    }

    /// <summary>
    /// Takes a sequence out of the running set while it keeps its memory: nobody else can use those blocks, and it resumes for free.
    /// If it is in this plan it leaves it.
    /// </summary>
    /// <returns>The tokens it had in this plan: a budget to refund.</returns>
    public int PreemptKeepingMemory(Sequence victim)
    {
        if (victim.InFlight) throw new InvalidOperationException($"{victim} is in flight and cannot be preempted");
        int refund = Remove(victim);
        victim.Preemptions++;
        PreemptedCount++;
        return refund;
    }

    /// <summary>Adds rows that cost but belong to nobody. In a stable run each attends one token more at every step, as decodes do.</summary>
    public void Pad(int rows, int contextTokens)
    {
        PaddingRows = rows;
        PaddingRowContext = contextTokens;
    }

    /// <summary>
    /// Several decodes of this plan attend the same leading tokens together, which are read once. Say so when the plan is complete.
    /// </summary>
    /// <param name="contextTokens">Leading tokens that are the same for all of them.</param>
    /// <param name="decodes">How many decodes of this plan share them.</param>
    public void ShareContext(int contextTokens, int decodes) => _shared.Add((contextTokens, decodes));

    internal void Clear()
    {
        _shared.Clear();
        Array.Clear(_items, 0, _count);
        _count = 0;
        _decodes = 0;
        Tokens = 0;
        PreemptedCount = 0;
        PaddingRows = 0;
        PaddingRowContext = 0;
        RetryAt = Instant.Never;
    }

    /// <summary>Writes what the step computes, as integers, for the cost model.</summary>
    internal void Describe(StepShape shape)
    {
        shape.Clear();
        foreach (ref readonly PlanItem item in Items)
        {
            Sequence sequence = item.Sequence;
            if (sequence.IsDecoding) shape.AddDecode(sequence.ComputedTokens + 1 + item.PaddingTokens);
            else shape.AddChunk(new PrefillChunk(item.Tokens + item.PaddingTokens, sequence.ComputedTokens, item.Samples));
        }
        foreach ((int tokens, int decodes) in _shared) shape.ShareContext(tokens, decodes);
        for (int row = 0; row < PaddingRows; row++) shape.AddDecode(PaddingRowContext);
    }

    private int Remove(Sequence victim)
    {
        // Victims are almost always near the end: the last of the running set.
        for (int i = _count - 1; i >= 0; i--)
        {
            if (!ReferenceEquals(_items[i].Sequence, victim)) continue;
            int tokens = _items[i].Tokens;
            if (victim.IsDecoding) _decodes--;
            Tokens -= tokens;
            Array.Copy(_items, i + 1, _items, i, _count - i - 1);
            _items[--_count] = default;
            return tokens;
        }
        return 0;
    }
}
