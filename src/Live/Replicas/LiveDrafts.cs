using Orrery.Engine.Attention;
using Orrery.Engine.Generation;
using Orrery.Engine.Gguf;
using Orrery.Engine.Models;
using Orrery.Engine.Tokenizers;
using Orrery.Kernel;
using Orrery.Live.Designs;
using Orrery.Live.Settings;
using Orrery.Serving.Drafting;
using Orrery.Serving.Sequences;
using Orrery.Serving.Speculation;
using Orrery.Serving.Systems.SmartSpec;

namespace Orrery.Live.Replicas;

/// <summary>Where proposals of one model come from, and what became of them.</summary>
/// <remarks>
/// The draft model has KV pages of its own, for as many tokens as the model; what it misses of a sequence, after a preemption of others or
/// tokens that came without drafts, it reads when it next proposes. Where its pages run out a sequence goes on without proposals.
/// </remarks>
internal sealed class LiveDrafts : IProposals, IAcceptance, IDisposable
{
    private readonly Dictionary<long, LiveAnswer> _answers;
    private readonly Action<Sequence> _onProposed;
    private readonly PromptLookup? _lookup;
    private readonly Transformer? _transformer;
    private readonly TransformerModel? _model;
    private readonly int _vocabulary;
    private readonly int _most;

    /// <param name="settings">Of the draft.</param>
    /// <param name="engine">The model that checks.</param>
    /// <param name="model">Its settings.</param>
    /// <param name="design">Its decisions.</param>
    /// <param name="answers">By the number of their request; the loop's.</param>
    /// <param name="onProposed">Told of each sequence for which there is something to propose.</param>
    /// <exception cref="InputException">A draft model of another vocabulary, or a file that cannot be used.</exception>
    public LiveDrafts(
        DraftSettings settings, LoadedEngine engine, ModelSettings model, LiveDesign design, Dictionary<long, LiveAnswer> answers, Action<Sequence> onProposed)
    {
        _answers = answers;
        _onProposed = onProposed;
        _vocabulary = engine.Model.Config.Vocabulary;
        _most = MostOf(settings);
        if (settings.File is null)
        {
            _lookup = new(_most, settings.Match);
            return;
        }
        using GgufFile file = LoadedEngine.Open(settings.File);
        CheckSameTokens(Tokenizer.Read(file.Metadata, file.Name), engine.Text.Tokenizer, file.Name);
        int context = design.Draft!.Positions;
        _transformer = Transformer.Load(file, new() { Threads = model.Threads, MaxBatchTokens = ModelSettings.PassTokens });
        try
        {
            int tokens = design.Blocks * LiveDesign.BlockTokens;
            int sequences = (tokens + context - 1) / context;
            _model = new(_transformer, model.KvType, context, sequences);
            using KvStore probe = new(_transformer.KvShape, model.KvType, 1);
            Bytes = _transformer.WeightBytes + (probe.PageBytes * KvPool.PagesFor(context) * sequences);
        }
        catch
        {
            _transformer.Dispose();
            throw;
        }
    }

    /// <summary>Longest sequence that the draft can read: what it proposes from is bounded by it.</summary>
    /// <exception cref="InputException">The file cannot be used.</exception>
    public static int PositionsOf(DraftSettings settings, int maxModelTokens)
    {
        if (settings.File is null) return int.MaxValue;
        using GgufFile file = LoadedEngine.Open(settings.File);
        return Math.Min(maxModelTokens, ModelConfig.Read(file, null).ContextLength);
    }

    /// <summary>Bytes of the draft model's weights and KV.</summary>
    public long Bytes { get; }

    /// <summary>On the loop, while no step runs.</summary>
    public bool HasSome(Sequence sequence)
    {
        if (_lookup is not null && _lookup.Propose(_answers[sequence.Id].Tokens, stackalloc int[1], null) == 0) return false;
        _onProposed(sequence);
        return true;
    }

    public int Accepted(Sequence sequence, int draftTokens) => _answers[sequence.Id].Accepted;

    /// <summary>Proposes tokens to follow an answer's; on the engine's thread.</summary>
    /// <returns>How many; the drafter that knows where they come from is the answer's.</returns>
    public int Propose(LiveAnswer answer, Span<int> proposal)
    {
        if (proposal.Length > _most) proposal = proposal[.._most];
        if (_lookup is not null)
        {
            answer.Drafter = _lookup;
            return _lookup.Propose(answer.Tokens, proposal, answer.Mask);
        }
        try
        {
            answer.Drafter ??= new DraftModel(_model!, _vocabulary, answer.Request.Sampling, _most);
            return answer.Drafter.Propose(answer.Tokens, proposal, answer.Mask);
        }
        catch (Exception error) when (error is InputException or InvalidOperationException)
        {
            // No page is left for it, the grammar has no token for what comes next, or its scores are no numbers: the model itself goes on.
            answer.Drafter?.Dispose();
            answer.Drafter = null;
            return 0;
        }
    }

    /// <summary>Gives all memory back.</summary>
    public void Dispose()
    {
        _model?.Dispose();
        _transformer?.Dispose();
    }

    /// <summary>The longest proposal that a control asks for: memory for its distributions is taken by it.</summary>
    private static int MostOf(DraftSettings settings) => Math.Max(1, settings.Control switch
    {
        FixedDraftsOptions fixedDrafts => fixedDrafts.Tokens,
        SmartSpecOptions smart => smart.Most ?? (settings.File is null ? SmartSpecOptions.DefaultMostLookup : SmartSpecOptions.DefaultMost),
        _ => SmartSpecOptions.DefaultMostLookup,
    });

    /// <summary>A draft in other tokens is never right: the text would stay exact and only become slow.</summary>
    private static void CheckSameTokens(Tokenizer draft, Tokenizer own, string name)
    {
        if (draft.VocabularySize != own.VocabularySize)
            throw new InputException($"draft {name}: it has {draft.VocabularySize} tokens and the model has {own.VocabularySize}; take a draft model of the same family");
        for (int id = 0; id < own.VocabularySize; id++)
        {
            if (!own.BytesOf(id).SequenceEqual(draft.BytesOf(id)))
                throw new InputException($"draft {name}: its token {id} is '{draft.PieceOf(id)}' and that of the model is '{own.PieceOf(id)}'; take a draft model of the same family");
        }
    }
}
