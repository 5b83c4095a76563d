using System.Globalization;
using Orrery.Engine.Sampling;
using Orrery.Kernel;

namespace Orrery.Engine.Generation;

/// <summary>From a prompt to a stream of tokens and text.</summary>
/// <remarks>
/// The token that ends the generation is counted but prints nothing. Tokens of one round that follow a stop string are dropped. Text that is held
/// back for a stop string or an incomplete character is given out when the answer ends otherwise.
/// </remarks>
public sealed class Generator : IDisposable
{
    private readonly ITokenSource _source;
    private readonly ITextStream _text;
    private readonly StopStrings _stops;
    private readonly IReadOnlySet<int> _endOfGeneration;
    private readonly int _maxTokens;
    private readonly ChosenToken[] _round;

    /// <param name="source">Makes the tokens; disposed of with this.</param>
    /// <param name="text">Turns them into text.</param>
    /// <param name="stops">Texts that end the answer.</param>
    /// <param name="endOfGeneration">Tokens that end it; the source has the same.</param>
    /// <param name="maxTokens">The most tokens of the answer; null = what the context holds.</param>
    /// <exception cref="InputException">The number of tokens is not positive.</exception>
    public Generator(ITokenSource source, ITextStream text, IReadOnlyList<string> stops, IReadOnlySet<int> endOfGeneration, int? maxTokens = null)
    {
        if (maxTokens is < 1)
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"max_tokens is {maxTokens}: it must be at least 1"));
        }
        _source = source;
        _text = text;
        _stops = new(stops);
        _endOfGeneration = endOfGeneration;
        _maxTokens = maxTokens ?? int.MaxValue;
        _round = new ChosenToken[source.TokensPerRound];
    }

    /// <summary>Why the answer ended; <see cref="FinishReason.None"/> while it has not.</summary>
    public FinishReason Finish { get; private set; }

    /// <summary>The stop string that ended it, if one did.</summary>
    public string? StoppedAt => _stops.Matched;

    /// <summary>Tokens of the answer so far, the one that ended it included.</summary>
    public int Tokens { get; private set; }

    /// <summary>What the token source did.</summary>
    public GenerationStatistics Statistics => _source.Statistics;

    /// <summary>Generates. Cancelling ends the stream after the tokens of the round in progress; nothing is thrown.</summary>
    /// <param name="prompt">At least one token.</param>
    /// <param name="cancellation">Ends the answer early.</param>
    /// <exception cref="InputException">The prompt is empty, has unknown tokens or does not fit; or the grammar cannot be followed.</exception>
    public IEnumerable<GeneratedPiece> Run(int[] prompt, CancellationToken cancellation = default)
    {
        // Here, not at the first step of the stream: a bad prompt fails where it is given.
        _source.Start(prompt);
        return Stream(prompt.Length, cancellation);
    }

    /// <summary>Disposes of the token source.</summary>
    public void Dispose() => _source.Dispose();

    private IEnumerable<GeneratedPiece> Stream(int promptTokens, CancellationToken cancellation)
    {
        int most = Math.Min(_maxTokens, _source.ContextLength - promptTokens);
        while (Finish == FinishReason.None)
        {
            if (cancellation.IsCancellationRequested)
            {
                Finish = FinishReason.Cancelled;
                break;
            }
            int count = _source.Next(_round, most - Tokens);
            for (int i = 0; i < count && Finish == FinishReason.None; i++)
            {
                GeneratedPiece piece = Take(_round[i]);
                if (Finish == FinishReason.None && Tokens == most) Finish = FinishReason.Length;
                if (Finish == FinishReason.None && i == count - 1 && _source.IsGrammarComplete) Finish = FinishReason.GrammarComplete;
                yield return piece;
            }
        }
        if (Finish == FinishReason.StopString) yield break;
        string rest = Cut(_text.Flush());
        if (Finish != FinishReason.StopString) rest += _stops.Flush();
        if (rest.Length > 0) yield return new(null, rest, 0f, null);
    }

    private GeneratedPiece Take(ChosenToken chosen)
    {
        Tokens++;
        string text = "";
        if (_endOfGeneration.Contains(chosen.Token)) Finish = FinishReason.EndOfGeneration;
        else text = Cut(_text.Append(chosen.Token));
        return new(chosen.Token, text, chosen.Logprob, chosen.Likeliest);
    }

    private string Cut(string text)
    {
        string safe = _stops.Append(text);
        if (_stops.Matched is not null) Finish = FinishReason.StopString;
        return safe;
    }
}
