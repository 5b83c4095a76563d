namespace Orrery.Live.Gateway;

/// <summary>What became of one attempt.</summary>
/// <param name="End">For the upstream's record.</param>
/// <param name="Failure">What to tell the client, who has been sent nothing; null: it has its answer, or has left.</param>
/// <param name="MayRetry">Another attempt cannot double anything that the client saw.</param>
internal readonly record struct CallResult(AttemptEnd End, Refusal? Failure = null, bool MayRetry = false);

/// <summary>Tokens of an answer as its upstream counted them; 0 where it did not say.</summary>
internal sealed class AnswerUsage
{
    public int PromptTokens { get; private set; }

    public long OutputTokens { get; private set; }

    /// <summary>Something of the answer came.</summary>
    public bool IsServed { get; set; }

    public void Add(in ChunkFacts facts)
    {
        // Some engines repeat the usage, growing, in every event.
        PromptTokens = Math.Max(PromptTokens, facts.PromptTokens);
        OutputTokens = Math.Max(OutputTokens, facts.CompletionTokens);
    }
}
