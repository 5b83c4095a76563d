using System.Numerics;
using System.Runtime.InteropServices;
using Orrery.Engine.Sampling;

namespace Orrery.Engine.Generation;

/// <summary>What plain and speculative decoding share: the tokens so far, the sampler, the grammar and the end.</summary>
internal sealed class AnswerState
{
    private readonly IReadOnlySet<int> _endOfGeneration;
    private readonly ulong[] _allowed;
    private readonly List<int> _tokens = [];

    public AnswerState(ITokenModel model, Sampler sampler, ITokenMask? mask, IReadOnlySet<int> endOfGeneration)
    {
        if (sampler.Vocabulary != model.VocabularySize) throw new ArgumentException("the sampler is of another vocabulary", nameof(sampler));
        Model = model;
        Sampler = sampler;
        Mask = mask;
        _endOfGeneration = endOfGeneration;
        _allowed = mask is null ? [] : new ulong[(model.VocabularySize + 63) / 64];
    }

    public ITokenModel Model { get; }

    public Sampler Sampler { get; }

    public ITokenMask? Mask { get; }

    /// <summary>Prompt and answer.</summary>
    public ReadOnlySpan<int> Tokens => CollectionsMarshal.AsSpan(_tokens);

    public bool IsGrammarComplete { get; private set; }

    /// <summary>The last token ends the answer.</summary>
    public bool HasEnded { get; private set; }

    public void Start(ReadOnlySpan<int> prompt)
    {
        if (_tokens.Count > 0) throw new InvalidOperationException("the generation has started");
        PromptCheck.Throw(prompt, Model.VocabularySize, Model.ContextLength);
        _tokens.EnsureCapacity(Model.ContextLength);
        _tokens.AddRange(prompt);
        Sampler.AcceptPrompt(prompt);
    }

    /// <summary>Takes a token into the answer.</summary>
    /// <param name="token">Chosen from <paramref name="logits"/>.</param>
    public ChosenToken Accept(int token, ReadOnlySpan<float> logits)
    {
        _tokens.Add(token);
        Sampler.Accept(token);
        if (_endOfGeneration.Contains(token))
        {
            HasEnded = true;
        }
        else if (Mask is not null)
        {
            if (!Mask.TryAccept(token)) throw new InvalidOperationException($"the mask allowed token {token} and then refused it");
            IsGrammarComplete = Mask.IsComplete && AllowsOnlyTheEnd();
            HasEnded = IsGrammarComplete;
        }
        if (Sampler.Options.Logprobs is not { } likeliest) return new(token, 0f, null);
        Sampler.Report(logits, token);
        return new(token, Sampler.Chosen.Logprob, likeliest == 0 ? null : Sampler.Likeliest.ToArray());
    }

    private bool AllowsOnlyTheEnd()
    {
        Array.Clear(_allowed);
        Mask!.Allowed(_allowed);
        for (int word = 0; word < _allowed.Length; word++)
        {
            for (ulong bits = _allowed[word]; bits != 0; bits &= bits - 1)
            {
                if (!_endOfGeneration.Contains((word * 64) + BitOperations.TrailingZeroCount(bits))) return false;
            }
        }
        return true;
    }
}
