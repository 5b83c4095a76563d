using Orrery.Engine.Generation;

namespace Orrery.Live.Streams;

/// <summary>What a model has to do at an instant.</summary>
/// <param name="Running">Answers in the running set.</param>
/// <param name="Waiting">Answers that wait for a place in it.</param>
/// <param name="KvUse">Share of the KV blocks in use, 0 to 1.</param>
public readonly record struct ModelLoad(int Running, int Waiting, double KvUse)
{
    public int Live => Running + Waiting;
}

/// <summary>A model that runs in this process: text goes in, streams come out. Safe for callers on any thread.</summary>
public interface ILiveModel
{
    /// <summary>What clients call it.</summary>
    string Id { get; }

    /// <summary>When it was loaded, in seconds since 1970 (UTC).</summary>
    long CreatedUnixSeconds { get; }

    /// <summary>Tokenizer, chat template and vocabulary.</summary>
    ModelText Text { get; }

    /// <summary>Tokens that the model scores; at least those that the tokenizer knows.</summary>
    int VocabularySize { get; }

    /// <summary>Longest sequence, prompt and answer together, in tokens.</summary>
    int ContextLength { get; }

    /// <summary>Names of its LoRA adapters, each served as a model of its own name.</summary>
    IReadOnlyList<string> Adapters { get; }

    ModelLoad Load { get; }

    /// <summary>Why it can answer nobody any more, a sentence; null while all is well.</summary>
    string? Fault => null;

    /// <summary>Starts an answer. One that could never run comes back ended, as <see cref="StreamEnd.Rejected"/>.</summary>
    GenerationStream Start(GenerationRequest request);

    /// <summary>The embedding of a text, of length 1 in the Euclidean norm.</summary>
    /// <param name="tokens">At least one, no more than the context.</param>
    Task<float[]> EmbedAsync(int[] tokens, CancellationToken cancellation);
}

/// <summary>Everything that runs in this process.</summary>
public interface ILiveHost
{
    IReadOnlyList<ILiveModel> Models { get; }

    /// <summary>Why no model can answer any more, a sentence; null while all is well.</summary>
    string? Fault { get; }

    /// <summary>The metrics of all models in the Prometheus text format, taken at one instant.</summary>
    Task<string> MetricsAsync(CancellationToken cancellation);

    /// <summary>Takes nothing more and fails what still runs, with a reason that its readers are told.</summary>
    Task EndAnswersAsync() => Task.CompletedTask;

    /// <summary>What schedulers and memories look like now, for people and dashboards: JSON.</summary>
    Task<string> StateAsync(CancellationToken cancellation);
}
