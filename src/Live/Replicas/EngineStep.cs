using Orrery.Engine.Attention;
using Orrery.Engine.Models;
using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;

namespace Orrery.Live.Replicas;

/// <summary>
/// One step as the engine runs it: written from a plan on the loop, run on the engine's thread in one pass over the model, or in several where
/// the plan has more tokens than a pass may have.
/// </summary>
/// <remarks>
/// Padding of rectangular batches is left out: the engine needs none. A sequence may claim pages that another fills in the same step: within a pass
/// every layer stores all keys and values before any row attends, and where a step takes several passes <see cref="PassOrder"/> sees to it.
/// </remarks>
internal sealed class EngineStep
{
    private readonly Transformer _model;
    private readonly KvStore _store;
    private readonly KvPages _blocks;
    private readonly ForwardBatch _batch = new();
    private readonly List<(LiveAnswer Answer, int Proposed)> _scored = [];
    private readonly LiveDrafts? _drafts;
    private readonly float[] _target;
    private Part[] _parts = new Part[32];
    private int[] _pages = new int[256];
    private readonly PassOrder _order = new();
    private int _pageCount;
    private int _tokens;

    /// <param name="model">What computes.</param>
    /// <param name="store">Keys and values.</param>
    /// <param name="blocks">Pages of each sequence: a KV block is a page.</param>
    /// <param name="drafts">Proposes tokens; null where nobody does.</param>
    public EngineStep(Transformer model, KvStore store, KvPages blocks, LiveDrafts? drafts)
    {
        _model = model;
        _store = store;
        _blocks = blocks;
        _drafts = drafts;
        _target = drafts is null ? [] : new float[model.Config.Vocabulary];
    }

    /// <summary>What each sequence of the plan does.</summary>
    public ReadOnlySpan<Part> Parts => _parts.AsSpan(0, Count);

    public int Count { get; private set; }

    /// <summary>Writes the step down; afterwards the plan is not needed to run it.</summary>
    /// <param name="plan">What the scheduler decided.</param>
    /// <param name="answers">By the number of their request.</param>
    public void Prepare(StepPlan plan, Dictionary<long, LiveAnswer> answers)
    {
        Array.Clear(_parts, 0, Count);
        Count = 0;
        _pageCount = 0;
        _tokens = 0;
        if (_parts.Length < plan.Items.Length) Array.Resize(ref _parts, 2 * plan.Items.Length);
        foreach (ref readonly PlanItem item in plan.Items)
        {
            Sequence sequence = item.Sequence;
            LiveAnswer answer = answers[sequence.Id];
            answer.TakeReturned(sequence.TotalTokens);
            if (answer.CachedTokens < 0) answer.CachedTokens = Math.Min(sequence.CachedTokens, sequence.PromptTokens);
            int end = sequence.ComputedTokens + item.Tokens;
            int pages = KvPool.PagesFor(end + item.DraftTokens);
            _parts[Count++] = new(answer, sequence.ComputedTokens, end, item.Samples, item.DraftTokens, _pageCount, pages);
            AppendPages(sequence, pages);
            _tokens += item.Tokens + item.DraftTokens;
        }
    }

    /// <summary>Runs it: afterwards every answer that got a token has chosen it.</summary>
    public void Run()
    {
        _batch.Clear();
        foreach (ref readonly Part part in Parts) part.Answer.BeginStep();
        if (_tokens <= _model.MaxBatchTokens)
        {
            foreach (ref readonly Part part in Parts) Add(part);
        }
        else
        {
            foreach (int index in _order.Of(Parts, _pages.AsSpan(0, _pageCount), KvStore.PageTokens)) Add(_parts[index]);
        }
        Pass();
    }

    private void Add(in Part part)
    {
        if (part.Drafts > 0 && part.Answer.Propose(_drafts!, part.Drafts) is > 0 and int proposed)
        {
            if (_batch.Tokens + proposed + 1 > _model.MaxBatchTokens) Pass();
            _batch.Add(part.Answer.Pass(proposed), part.First, PagesOf(part), LogitRows.All, part.Answer.Adapter);
            _scored.Add((part.Answer, proposed));
            return;
        }
        for (int at = part.First; at < part.End;)
        {
            int room = _model.MaxBatchTokens - _batch.Tokens;
            if (room == 0)
            {
                Pass();
                continue;
            }
            int count = Math.Min(room, part.End - at);
            bool isScored = part.Samples && at + count == part.End;
            _batch.Add(part.Answer.Tokens.Slice(at, count), at, PagesOf(part), isScored ? LogitRows.Last : LogitRows.None, part.Answer.Adapter);
            if (isScored) _scored.Add((part.Answer, 0));
            at += count;
        }
    }

    private void Pass()
    {
        ForwardResult result = _model.Forward(_batch, _store);
        int row = 0;
        foreach ((LiveAnswer answer, int proposed) in _scored)
        {
            if (proposed == 0) answer.Choose(result, row);
            else answer.Verify(result, row, proposed, _target);
            row += proposed + 1;
        }
        _scored.Clear();
        _batch.Clear();
    }

    private ReadOnlySpan<int> PagesOf(in Part part) => _pages.AsSpan(part.PageOffset, part.Pages);

    private void AppendPages(Sequence sequence, int pages)
    {
        if (_pageCount + pages > _pages.Length) Array.Resize(ref _pages, 2 * (_pageCount + pages));
        _blocks.Of(sequence)[..pages].CopyTo(_pages.AsSpan(_pageCount));
        _pageCount += pages;
    }

    /// <summary>One sequence's part.</summary>
    /// <param name="Answer">Whose tokens.</param>
    /// <param name="First">Position of the first token that is computed.</param>
    /// <param name="End">Position behind the last.</param>
    /// <param name="Samples">Whether it ends with a new token.</param>
    /// <param name="Drafts">Proposed tokens that there is memory for.</param>
    /// <param name="PageOffset">Where its page table begins.</param>
    /// <param name="Pages">Entries of its page table.</param>
    internal readonly record struct Part(LiveAnswer Answer, int First, int End, bool Samples, int Drafts, int PageOffset, int Pages);
}
