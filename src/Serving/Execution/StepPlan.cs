using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;
using Orrery.Serving.Swap;
using Orrery.World.Steps;

namespace Orrery.Serving.Execution;

/// <summary>One sequence's part in a step.</summary>
/// <param name="Sequence">Whose tokens.</param>
/// <param name="Tokens">Tokens computed: 1 for a decode, a slice of the missing tokens otherwise.</param>
/// <param name="PaddingTokens">Positions that are computed (prefill) or attended (decode) without being the sequence's own: rectangular batches.</param>
/// <param name="DraftTokens">Proposed tokens that a decode verifies beside its own.</param>
public readonly record struct PlanItem(Sequence Sequence, int Tokens, int PaddingTokens, int DraftTokens = 0)
{
    /// <summary>True when the step ends with a new output token for this sequence.</summary>
    public bool Samples => Tokens == Sequence.MissingTokens;
}

/// <summary>What one step does. A replica owns a few of these and reuses them; a scheduler fills one, add-ons complete it.</summary>
/// <param name="memory">The replica's KV memory.</param>
/// <param name="swap">Its host pool, or null.</param>
public sealed partial class StepPlan(IKvMemory memory, KvSwap? swap = null)
{
    private PlanItem[] _items = new PlanItem[32];
    private int _count;
    private int _decodes;
    private readonly List<(int Tokens, int Decodes)> _shared = [];

    public ReadOnlySpan<PlanItem> Items => _items.AsSpan(0, _count);

    public bool IsEmpty => _count == 0 && Training is null;

    /// <summary>True when every item is a decode of one token and nothing is trained: only then may steps repeat.</summary>
    public bool IsDecodeOnly => _decodes == _count && DraftTokens == 0 && Training is null;

    /// <summary>Training that runs in the same step; null for none.</summary>
    public TrainingWork? Training { get; private set; }

    /// <summary>Tokens of all items, drafts not counted.</summary>
    public int Tokens { get; private set; }

    /// <summary>Proposed tokens that are verified in this step.</summary>
    public int DraftTokens { get; private set; }

    /// <summary>Those of them that turned out right; known once the step has ended.</summary>
    public int AcceptedTokens { get; internal set; }

    /// <summary>Those of them that say something about the draft: the right ones and, where one was wrong, the first wrong one.</summary>
    public int JudgedTokens { get; internal set; }

    /// <summary>Items that decode.</summary>
    public int DecodeCount => _decodes;

    /// <summary>Sequences preempted while this plan was made.</summary>
    public int PreemptedCount { get; private set; }

    /// <summary>Those of them whose KV went to the host.</summary>
    public int PreemptedToHostCount { get; private set; }

    /// <summary>Those of them that kept their memory.</summary>
    public int PreemptedInPlaceCount { get; private set; }

    /// <summary>Paused sequences whose memory was taken while this plan was made.</summary>
    public int ReclaimedCount { get; private set; }

    /// <summary>Rows that take part in the step and belong to nobody any more (finished rows of a static batch), and what each attends.</summary>
    public int PaddingRows { get; private set; }

    /// <inheritdoc cref="PaddingRows"/>
    public int PaddingRowContext { get; private set; }

    /// <summary>When an empty plan should be reconsidered although nothing arrived or ended (a batching timeout).</summary>
    public Instant RetryAt { get; set; } = Instant.Never;

    /// <summary>Time that passes before the step computes: copies, mappings, decisions.</summary>
    public Duration Delay { get; private set; }

    /// <summary>
    /// Set by a scheduler that goes on with the unfinished prompts of its running set: whoever comes back from the host with an answer to
    /// read may then do so in the background too, and reads it once it is there.
    /// </summary>
    public bool ReadsLater { get; set; }

    /// <summary>The instant at which the plan is made.</summary>
    internal Instant Now { get; set; }

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
        if (sequence.IsOnHost) _returning++;
        sequence.QueuesWithKv = false;
        Tokens += tokens;
    }

    /// <summary>Lets a planned decode verify proposed tokens too. Memory for them must have been taken.</summary>
    /// <param name="item">Index in <see cref="Items"/>.</param>
    /// <param name="tokens">Proposed tokens; at the end of the step some leading ones are right.</param>
    /// <exception cref="InvalidOperationException">The item is no decode, or has no memory for the tokens.</exception>
    public void Draft(int item, int tokens)
    {
        Sequence sequence = _items[item].Sequence;
        if (!sequence.IsDecoding) throw new InvalidOperationException($"{sequence} does not decode and cannot verify drafts");
        if ((long)sequence.KvBlocks * memory.BlockTokens < sequence.ComputedTokens + 1 + tokens) throw new InvalidOperationException($"{sequence} has no memory for {tokens} drafts");
        DraftTokens += tokens - _items[item].DraftTokens;
        _items[item] = _items[item] with { DraftTokens = tokens };
    }

    /// <summary>Trains in this step too, with or without inference beside it.</summary>
    /// <param name="work">Stays as it is until the step has ended.</param>
    /// <exception cref="ArgumentException">The work is empty.</exception>
    public void Train(TrainingWork work)
    {
        if (work.IsEmpty) throw new ArgumentException("there is nothing to train", nameof(work));
        Training = work;
    }

    /// <summary>Lets the step start later.</summary>
    public void Wait(Duration time) => Delay += time;

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
        _returning = 0;
        Training = null;
        ReadsLater = false;
        Tokens = 0;
        DraftTokens = 0;
        AcceptedTokens = 0;
        JudgedTokens = 0;
        PreemptedCount = 0;
        PreemptedToHostCount = 0;
        PreemptedInPlaceCount = 0;
        ReclaimedCount = 0;
        PaddingRows = 0;
        PaddingRowContext = 0;
        RetryAt = Instant.Never;
        Delay = Duration.Zero;
    }

    /// <summary>Writes what the step computes, as integers, for the cost model.</summary>
    public void Describe(StepShape shape) => Describe(shape, Training);

    /// <summary>The same with other training than the plan has.</summary>
    public void Describe(StepShape shape, TrainingWork? training)
    {
        shape.Clear();
        foreach (ref readonly PlanItem item in Items)
        {
            Sequence sequence = item.Sequence;
            if (sequence.IsDecoding)
            {
                shape.AddDecode(sequence.ComputedTokens + 1 + item.DraftTokens + item.PaddingTokens, 1 + item.DraftTokens);
                if (item.DraftTokens > 0) shape.AddDraft(new(sequence.ComputedTokens + 1, item.DraftTokens, sequence.MissedByDraft));
            }
            else shape.AddChunk(new PrefillChunk(item.Tokens + item.PaddingTokens, sequence.ComputedTokens, item.Samples));
        }
        foreach ((int tokens, int decodes) in _shared) shape.ShareContext(tokens, decodes);
        for (int row = 0; row < PaddingRows; row++) shape.AddDecode(PaddingRowContext);
        shape.Training = training;
        if (training is { ForwardTokens: > 0, Share: TrainingShare.Fused }) shape.AddTrainingChunk(new(training.ForwardTokens, training.ForwardHistory, false));
    }

    private void RemoveAt(int index)
    {
        ref readonly PlanItem item = ref _items[index];
        if (item.Sequence.IsDecoding) _decodes--;
        if (item.Sequence.IsOnHost) _returning--;
        Tokens -= item.Tokens;
        DraftTokens -= item.DraftTokens;
        Array.Copy(_items, index + 1, _items, index, _count - index - 1);
        _items[--_count] = default;
    }
}
