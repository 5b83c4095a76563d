using Orrery.Kernel.Random;
using Orrery.Kernel.Time;

namespace Orrery.Traffic.Generators.Marks;

/// <summary>One client of a mix.</summary>
/// <param name="Weight">Share of the requests, relative.</param>
/// <param name="Priority">Priority of all its requests; null: from the priority mix.</param>
public sealed record ClientShare(string Name, double Weight, int? Priority = null);

/// <summary>A priority and its relative share of the requests.</summary>
public sealed record PriorityShare(int Priority, double Weight);

/// <summary>Prompts that start with one of several common texts (system prompts, few-shot examples, documents).</summary>
/// <param name="Groups">Number of common texts.</param>
/// <param name="Tokens">Length of each, drawn once per group; added in front of the drawn prompt.</param>
/// <param name="Skew">Zipf skew of their popularity; 0 = uniform.</param>
/// <param name="Share">Fraction of requests that have one.</param>
public sealed record PrefixMarks(int Groups, IDistribution Tokens, double Skew = 0, double Share = 1);

/// <summary>Adapters (LoRA) over a common base model.</summary>
/// <param name="Count">Number of adapters.</param>
/// <param name="Skew">Zipf skew of their popularity.</param>
/// <param name="Share">Fraction of requests that use one.</param>
public sealed record AdapterMarks(int Count, double Skew = 1, double Share = 1);

/// <summary>Tool calls inside the output: so often a segment of tokens, then a call. The drawn output follows the last call.</summary>
/// <param name="Count">Calls of a request.</param>
/// <param name="Tokens">Output tokens before each call, since the one before it.</param>
/// <param name="Seconds">How long a call takes.</param>
/// <param name="Returned">Tokens that a call puts into the context.</param>
public sealed record CallMarks(IDistribution Count, IDistribution Tokens, IDistribution Seconds, IDistribution Returned)
{
    /// <summary>Most calls of one request; a larger draw is cut to it.</summary>
    public const int MostCalls = 10_000;
}

/// <summary>What requests carry beyond time and lengths. Each part draws from its own stream, so adding one changes nothing else.</summary>
public sealed record RequestMarks
{
    public static RequestMarks None { get; } = new();

    /// <summary>Empty: one client.</summary>
    public IReadOnlyList<ClientShare> Clients { get; init; } = [];

    /// <summary>Empty: all priority 0.</summary>
    public IReadOnlyList<PriorityShare> Priorities { get; init; } = [];

    public PrefixMarks? Prefix { get; init; }

    public AdapterMarks? Adapters { get; init; }

    /// <summary>Null: no request calls a tool.</summary>
    public CallMarks? Calls { get; init; }

    /// <summary>What the client asks for at most; 0: the model's limit.</summary>
    public int MaxTokens { get; init; }

    /// <summary>Requests that are not finished by then count as timed out.</summary>
    public Duration Timeout { get; init; } = Duration.Infinite;

    /// <summary>Seconds after which the user leaves; null: never.</summary>
    public IDistribution? PatienceSeconds { get; init; }
}
