using Orrery.Kernel.Time;

namespace Orrery.Traffic.Requests;

/// <summary>
/// A run of prompt tokens with an identity: equal leading spans of two prompts mean equal tokens, so their KV can be shared.
/// </summary>
/// <param name="ContentId">Identity of the content; equal ids with equal lengths are equal tokens.</param>
/// <param name="Tokens">Length of the span.</param>
public readonly record struct TokenSpan(ulong ContentId, int Tokens);

/// <summary>
/// A pause for a tool or API call: after <paramref name="AfterTokens"/> output tokens the request waits and then receives tokens.
/// </summary>
/// <param name="AfterTokens">Output tokens produced since the start of the request when the call is made.</param>
/// <param name="Duration">How long the call takes.</param>
/// <param name="ReturnTokens">Tokens that the call returns into the context.</param>
public readonly record struct ToolCall(int AfterTokens, Duration Duration, int ReturnTokens);

/// <summary>One request as it arrives. Policies never see <see cref="OutputTokens"/>: it is what the request will really produce.</summary>
public sealed class Request
{
    /// <summary>Ordinal in its traffic, from 0: unique within a run.</summary>
    public required long Id { get; init; }

    /// <summary>Name given by the trace; null means the ordinal.</summary>
    public string? Label { get; init; }

    public required Instant Arrival { get; init; }

    /// <summary>Prompt length in tokens, at least 1.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Output length that will really be produced, at least 1. Hidden from policies.</summary>
    public required int OutputTokens { get; init; }

    /// <summary>What the client asked for at most; 0 means the model's limit.</summary>
    public int MaxTokens { get; init; }

    /// <summary>
    /// Index of the client in its traffic (fairness, per-client statistics); see <see cref="ITrafficSource.ClientName"/>.
    /// </summary>
    public int Client { get; init; }

    /// <summary>Lower is more urgent; 0 is the default.</summary>
    public int Priority { get; init; }

    /// <summary>Adapter (LoRA) index, −1 for none.</summary>
    public int Adapter { get; init; } = -1;

    /// <summary>
    /// Identified spans at the head of the prompt, in order; what they do not cover is unique to this request. Null: nothing shared.
    /// </summary>
    public TokenSpan[]? Content { get; init; }

    /// <summary>Identity of the produced output, so that a later turn of the session can share it; 0 when nobody will.</summary>
    public ulong OutputContentId { get; init; }

    /// <summary>Session index, −1 for none.</summary>
    public long Session { get; init; } = -1;

    /// <summary>Per-request limits; <see cref="Duration.Zero"/> means the scenario's.</summary>
    public Duration TtftLimit { get; init; }

    /// <inheritdoc cref="TtftLimit"/>
    public Duration TpotLimit { get; init; }

    /// <summary>The client gives up this long after arrival (counted as timed out); <see cref="Duration.Infinite"/> never.</summary>
    public Duration Timeout { get; init; } = Duration.Infinite;

    /// <summary>The user leaves this long after arrival (counted as cancelled); <see cref="Duration.Infinite"/> never.</summary>
    public Duration CancelAfter { get; init; } = Duration.Infinite;

    public ToolCall[]? Calls { get; init; }
}
