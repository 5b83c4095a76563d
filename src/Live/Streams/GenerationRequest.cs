using Orrery.Engine.Grammars;
using Orrery.Engine.Sampling;
using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Streams;

/// <summary>One answer that a client wants of a model that runs here. Checked by whoever makes it; only lengths are judged by the replica.</summary>
public sealed record GenerationRequest
{
    /// <summary>Name in logs and traces.</summary>
    public required string Id { get; init; }

    /// <summary>At least one token of the model's vocabulary.</summary>
    public required int[] Prompt { get; init; }

    /// <summary>The most tokens of the answer; 0 = what the context holds.</summary>
    public int MaxTokens { get; init; }

    /// <summary>How tokens are chosen, stop strings and log-probabilities included. Validated against the vocabulary.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>What the answer must be; each answer restarts it. Null: any text.</summary>
    public JsonGrammar? Grammar { get; init; }

    /// <summary>Tokens that end a generation are ordinary ones: for benchmarks that want answers of a fixed length.</summary>
    public bool IgnoresEnd { get; init; }

    /// <summary>The text goes on behind the prompt, so that a first space belongs to it; false for answers in a conversation.</summary>
    public bool IsContinuation { get; init; } = true;

    /// <summary>Control tokens appear in the text by their names.</summary>
    public bool ShowsSpecial { get; init; }

    /// <summary>Lower is more urgent.</summary>
    public int Priority { get; init; }

    /// <summary>Whose share of the service this takes: the user named in the request, else the API key's name.</summary>
    public string Client { get; init; } = "";

    /// <summary>Index in <see cref="ILiveModel.Adapters"/>, −1 for none.</summary>
    public int Adapter { get; init; } = -1;

    /// <summary>The service gives up this long after arrival.</summary>
    public Duration Timeout { get; init; } = Duration.Infinite;

    /// <summary>Pauses within the answer as a tool would make them, with the tokens that come back; null for none. An extension for experiments.</summary>
    public IReadOnlyList<ScriptedCall>? Calls { get; init; }
}

/// <summary>A pause of a known length.</summary>
/// <param name="Call">When, how long, how many tokens come back.</param>
/// <param name="Returned">Those tokens.</param>
public sealed record ScriptedCall(ToolCall Call, int[] Returned);
