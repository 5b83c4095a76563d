using Orrery.Engine.Tokenizers;
using Orrery.Kernel;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Load;

/// <summary>Prompts as token numbers: of exactly the stated length, drawn from ordinary tokens of the vocabulary.</summary>
/// <remarks>
/// A later turn of a session repeats what its trace calls the answer of the earlier one; what the server really answered is not known here,
/// so drawn tokens stand in its place and a cache can share the turns' prompts but not their answers.
/// </remarks>
public sealed class TokenPrompts : IPromptMaker
{
    /// <summary>Of fewer tokens, chance would make prompts equal that shall not be: two blocks of 16 differ with probability 1 − 2⁻⁶⁴ (our choice, d).</summary>
    public const int FewestTokens = 16;

    private readonly int[] _vocabulary;
    private readonly PromptContent _content;

    /// <param name="vocabulary">Tokens that are drawn from, each once.</param>
    /// <param name="seed">Other seeds give other prompts, so that a second run finds nothing of the first in a cache.</param>
    /// <exception cref="InputException">Too few tokens.</exception>
    public TokenPrompts(IReadOnlyList<int> vocabulary, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        if (vocabulary.Count < FewestTokens) throw new InputException($"only {vocabulary.Count} ordinary tokens are known, too few to draw prompts from; name a model with --tokenizer MODEL.gguf");
        _vocabulary = [.. vocabulary];
        _content = new(seed);
    }

    /// <summary>Tokens of a vocabulary that print text and steer nothing.</summary>
    public static int[] OrdinaryTokens(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return [.. Enumerable.Range(0, tokenizer.VocabularySize).Where(id => tokenizer.KindOf(id) == TokenKind.Normal && !tokenizer.EndOfGeneration.Contains(id) && !tokenizer.BytesOf(id).IsEmpty)];
    }

    public LoadPrompt Make(Request request)
    {
        ArgumentNullException.ThrowIfNull(request);
        int[] tokens = new int[request.PromptTokens];
        int at = 0;
        foreach ((ulong key, int count) in PromptContent.Spans(request))
        {
            Fill(tokens.AsSpan(at, count), key);
            at += count;
        }
        return new(tokens, null);
    }

    public int[] Returned(Request request, int call)
    {
        ArgumentNullException.ThrowIfNull(request);
        int[] tokens = new int[request.Calls![call].ReturnTokens];
        Fill(tokens, PromptContent.KeyOfReturn(request, call));
        return tokens;
    }

    private void Fill(Span<int> tokens, ulong key)
    {
        for (int place = 0; place < tokens.Length; place++) tokens[place] = _vocabulary[_content.At(key, place, _vocabulary.Length)];
    }
}
