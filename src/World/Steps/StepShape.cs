namespace Orrery.World.Steps;

/// <summary>A slice of one prompt that goes through the model in a step.</summary>
/// <param name="Tokens">New tokens computed in this step.</param>
/// <param name="HistoryTokens">Tokens of the same sequence already in the KV cache; their KV is re-read by attention.</param>
/// <param name="Finishes">True when this is the last slice: the step then also samples one token for it.</param>
public readonly record struct PrefillChunk(int Tokens, int HistoryTokens, bool Finishes);

/// <summary>A decode for which a draft model proposes tokens in a step, one forward pass after the other.</summary>
/// <param name="ContextTokens">Tokens attended in the first pass by the sequence's newest token, itself included.</param>
/// <param name="Tokens">Proposed tokens: as many passes.</param>
/// <param name="MissedTokens">Tokens before the newest whose KV the draft model lacks; its first pass computes them too.</param>
public readonly record struct DraftedDecode(int ContextTokens, int Tokens, int MissedTokens);

/// <summary>
/// What goes through the model in one step, as integers only, so that the cost of a step is a pure function of it.
/// Reused from step to step: a replica owns one, clears and fills it.
/// </summary>
public sealed class StepShape
{
    private PrefillChunk[] _chunks = new PrefillChunk[16];
    private int _chunkCount;
    private int[] _decodeContexts = new int[64];
    private DraftedDecode[] _drafts = [];
    private int _draftCount;

    /// <summary>Sequences that decode in this step.</summary>
    public int DecodeSequences { get; private set; }

    /// <summary>Query tokens of all decodes: one each, more when drafts are verified.</summary>
    public long DecodeTokens { get; private set; }

    /// <summary>Sum over decodes of the tokens attended (history plus the new token).</summary>
    public long DecodeContextTokens { get; private set; }

    /// <summary>The longest of those contexts: skewed batches are slower than even ones.</summary>
    public int LongestDecodeContext { get; private set; }

    /// <summary>Query-key pairs of all decodes under causal attention: q·context − q(q−1)/2 for a decode of q query tokens.</summary>
    public long DecodePairs { get; private set; }

    /// <summary>
    /// Context tokens whose KV is read once for several decodes, counted once less than those who share them: bytes that are not read
    /// again. Query-key pairs stay.
    /// </summary>
    public long RepeatedContextTokens { get; private set; }

    /// <summary>The context of every decode, in the order added: layers with a sliding window need more than the sum.</summary>
    public ReadOnlySpan<int> DecodeContexts => _decodeContexts.AsSpan(0, DecodeSequences);

    public ReadOnlySpan<PrefillChunk> Chunks => _chunks.AsSpan(0, _chunkCount);

    /// <summary>The decodes that verify drafts, for the cost of a draft model; the verified tokens are query tokens already.</summary>
    public ReadOnlySpan<DraftedDecode> Drafts => _drafts.AsSpan(0, _draftCount);

    /// <summary>Prompt tokens computed in this step.</summary>
    public long PrefillTokens { get; private set; }

    /// <summary>Tokens through the linear layers.</summary>
    public long Tokens => DecodeTokens + PrefillTokens;

    /// <summary>Rows that reach the vocabulary projection: every decode token and every finishing chunk.</summary>
    public long SampledTokens { get; private set; }

    /// <summary>Training in the same step; null for none. Forward tokens that share the batch are among <see cref="Chunks"/> too.</summary>
    public TrainingWork? Training { get; set; }

    /// <summary>True when nothing goes forward through the layers.</summary>
    public bool IsEmpty => DecodeTokens == 0 && PrefillTokens == 0;

    public bool IsDecodeOnly => PrefillTokens == 0;

    public void Clear()
    {
        DecodeSequences = 0;
        DecodeTokens = 0;
        DecodeContextTokens = 0;
        LongestDecodeContext = 0;
        DecodePairs = 0;
        RepeatedContextTokens = 0;
        PrefillTokens = 0;
        SampledTokens = 0;
        Training = null;
        _chunkCount = 0;
        _draftCount = 0;
    }

    /// <param name="contextTokens">Tokens attended by the last query token, itself included.</param>
    /// <param name="queryTokens">1, or 1 + drafts when verifying.</param>
    public void AddDecode(int contextTokens, int queryTokens = 1)
    {
        if (DecodeSequences == _decodeContexts.Length) Array.Resize(ref _decodeContexts, _decodeContexts.Length * 2);
        _decodeContexts[DecodeSequences++] = contextTokens;
        DecodeTokens += queryTokens;
        SampledTokens += queryTokens;
        DecodeContextTokens += contextTokens;
        DecodePairs += ((long)queryTokens * contextTokens) - ((long)queryTokens * (queryTokens - 1) / 2);
        if (contextTokens > LongestDecodeContext) LongestDecodeContext = contextTokens;
    }

    /// <summary>Several of the decodes attend the same leading tokens in one batched product that reads them once.</summary>
    /// <param name="contextTokens">Leading tokens that they have in common.</param>
    /// <param name="decodes">How many decodes share them, at least 1.</param>
    public void ShareContext(int contextTokens, int decodes) => RepeatedContextTokens += (long)contextTokens * (decodes - 1);

    /// <summary>
    /// A forward window of a training sequence. Its loss needs every row of the vocabulary projection twice: the logits, and the gradient
    /// of their input, which is made at once so that no logits are kept.
    /// </summary>
    public void AddTrainingChunk(PrefillChunk chunk)
    {
        AddChunk(chunk with { Finishes = false });
        SampledTokens += 2L * chunk.Tokens;
    }

    /// <summary>Says which of the query tokens a draft model has to propose first.</summary>
    public void AddDraft(DraftedDecode draft)
    {
        if (_draftCount == _drafts.Length) Array.Resize(ref _drafts, Math.Max(16, _drafts.Length * 2));
        _drafts[_draftCount++] = draft;
    }

    public void AddChunk(PrefillChunk chunk)
    {
        if (_chunkCount == _chunks.Length) Array.Resize(ref _chunks, _chunks.Length * 2);
        _chunks[_chunkCount++] = chunk;
        PrefillTokens += chunk.Tokens;
        if (chunk.Finishes) SampledTokens++;
    }
}
