using Orrery.Traffic.Requests;

namespace Orrery.Live.Load;

/// <summary>How an answer ended for its client.</summary>
public enum StreamClose
{
    /// <summary>In full.</summary>
    Finished,

    /// <summary>The server would not answer (429, 503, 400, …).</summary>
    Refused,

    /// <summary>The connection or the answer broke.</summary>
    Failed,

    /// <summary>The client closed it.</summary>
    Left,
}

/// <summary>What became of one exchange.</summary>
/// <param name="Close">How it ended.</param>
/// <param name="Reason">Why it was refused or failed; null otherwise.</param>
public sealed record StreamResult(StreamClose Close, string? Reason = null)
{
    /// <summary>Tokens as the server counted them; null where it did not say.</summary>
    public int? PromptTokens { get; init; }

    /// <inheritdoc cref="PromptTokens"/>
    public int? CompletionTokens { get; init; }

    /// <summary>Prompt tokens that a cache supplied, as the server says; null where it did not.</summary>
    public int? CachedTokens { get; init; }

    /// <summary>Why the answer ended: <c>stop</c>, <c>length</c>; null where the server did not say.</summary>
    public string? FinishReason { get; init; }
}

/// <summary>What a request looks like to the client that sends it, and whom it tells of tokens.</summary>
public interface IExchange
{
    Request Request { get; }

    /// <summary>Name of the client in its traffic; empty where there is only one.</summary>
    string Client { get; }

    LoadPrompt Prompt { get; }

    /// <summary>Tokens that tools return into the context, one list per call; null where they are not made.</summary>
    IReadOnlyList<int[]>? Returned { get; }

    /// <summary>The request is about to be handed to the network.</summary>
    /// <param name="timestamp">Of the time provider.</param>
    void Sent(long timestamp);

    /// <summary>Tokens have come.</summary>
    /// <param name="count">How many, at least 1.</param>
    /// <param name="timestamp">When they were received, of the time provider.</param>
    void Received(int count, long timestamp);
}

/// <summary>Sends one request and reads its stream. Safe for many exchanges at once.</summary>
public interface IStreamClient
{
    /// <summary>Never throws for what a server or network does.</summary>
    /// <param name="exchange">Told of tokens by one thread at a time.</param>
    /// <param name="cancellation">The client leaves: the connection is closed.</param>
    Task<StreamResult> SendAsync(IExchange exchange, CancellationToken cancellation);
}
