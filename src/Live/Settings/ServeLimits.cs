using Orrery.Documents;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Live.Settings;

/// <summary>The <c>limits:</c> of a serving file: what one request, one connection and all of them together may take.</summary>
public sealed record ServeLimits
{
    /// <summary>The OpenAI API takes 4 stop strings, vLLM any number (b); this many here (our choice, d).</summary>
    public const int StopStrings = 16;

    /// <summary>Prompts of one completion request (our choice, d).</summary>
    public const int Prompts = 256;

    /// <summary>Inputs of one embedding request: the OpenAI API's bound (b).</summary>
    public const int EmbeddingInputs = 2048;

    /// <summary>Messages of a conversation (our choice, d).</summary>
    public const int Messages = 4096;

    /// <summary>Tools on offer: the OpenAI API's bound (b).</summary>
    public const int Tools = 128;

    public static readonly OptionSet<ServeLimits> Set = new OptionSet<ServeLimits>()
        .Bytes("bodySize", o => o.BodySize, (o, v) => o with { BodySize = v }, "largest body of a request", "our choice (d)")
        .Int("requests", o => o.Requests, (o, v) => o with { Requests = v }, "answers of a model under way, waiting ones included", "our choice (d)", min: 1)
        .Int("queue", o => o.Queue, (o, v) => o with { Queue = v }, "answers of a model that wait for its scheduler; 0 = any number", "our choice (d)", min: 0)
        .Int("promptTokens", o => o.PromptTokens, (o, v) => o with { PromptTokens = v }, "longest prompt; 0 = what the context holds", "our choice (d)", min: 0)
        .Int("answerTokens", o => o.AnswerTokens, (o, v) => o with { AnswerTokens = v }, "longest answer, and the length of one that asks for none; 0 = what the context holds", "our choice (d)", min: 0)
        .Int("choices", o => o.Choices, (o, v) => o with { Choices = v }, "largest n of a request", "our choice (d)", min: 1)
        .Duration("timeout", o => o.Timeout, (o, v) => o with { Timeout = v }, "an answer is given up this long after its request; 0s = never", "our choice (d)")
        .Int("connections", o => o.Connections, (o, v) => o with { Connections = v }, "connections at a time", "our choice (d)", min: 1)
        .Duration("headerTimeout", o => o.HeaderTimeout, (o, v) => o with { HeaderTimeout = v }, "time that the headers of a request may take", "our choice (d); Kestrel: 30 s (b)")
        .Duration("keepAlive", o => o.KeepAlive, (o, v) => o with { KeepAlive = v }, "time that a connection may be idle", "Kestrel (b)")
        .Int("leastBytesPerSecond", o => o.LeastBytesPerSecond, (o, v) => o with { LeastBytesPerSecond = v }, "slower bodies and readers are cut off after five seconds; 0 = never", "Kestrel (b)", min: 0);

    /// <summary>Four mebibytes: a context of a million tokens as text.</summary>
    public Bytes BodySize { get; init; } = new(4 << 20);

    public int Requests { get; init; } = 2048;

    public int Queue { get; init; }

    public int PromptTokens { get; init; }

    public int AnswerTokens { get; init; }

    /// <summary>The OpenAI API takes 128, each of which costs as much as a request.</summary>
    public int Choices { get; init; } = 16;

    /// <summary>Zero stands for no limit.</summary>
    public Duration Timeout { get; init; } = Duration.Zero;

    public int Connections { get; init; } = 4096;

    public Duration HeaderTimeout { get; init; } = Duration.FromSeconds(10);

    public Duration KeepAlive { get; init; } = Duration.FromSeconds(130);

    public int LeastBytesPerSecond { get; init; } = 240;
}
