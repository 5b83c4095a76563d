using System.Collections.Concurrent;
using Orrery.Engine.Generation;
using Orrery.Engine.Gguf;
using Orrery.Engine.Sampling;
using Orrery.Engine.Shipped;
using Orrery.Live.Streams;

namespace Orrery.Live.Tests.Api;

/// <summary>A model whose answers a test writes. Its tokenizer is that of the shipped model; nothing is computed.</summary>
internal sealed class FakeModel : ILiveModel
{
    public const string Name = "tiny-kjv";
    private static readonly Lazy<ModelText> SharedText = new(() =>
    {
        using GgufFile file = ShippedModel.Open();
        return new ModelText(file);
    });

    public string Id { get; init; } = Name;

    public long CreatedUnixSeconds => 1_700_000_000;

    public ModelText Text => SharedText.Value;

    public int VocabularySize => Text.Tokenizer.VocabularySize;

    public int ContextLength { get; init; } = 1024;

    public IReadOnlyList<string> Adapters { get; init; } = [];

    public ModelLoad Load { get; set; }

    /// <summary>What came in.</summary>
    public ConcurrentQueue<GenerationRequest> Requests { get; } = new();

    public ConcurrentQueue<GenerationStream> Cancelled { get; } = new();

    /// <summary>Writes an answer; by default the words of a verse.</summary>
    public Action<GenerationRequest, GenerationStream> Script { get; set; } = (request, stream) => Say(stream, request, StreamEnd.Stop, "In", " the", " beginning");

    public GenerationStream Start(GenerationRequest request)
    {
        Requests.Enqueue(request);
        GenerationStream stream = new(cancelled =>
        {
            Cancelled.Enqueue(cancelled);
            cancelled.Complete(StreamEnd.Cancelled, default);
        });
        Script(request, stream);
        return stream;
    }

    public Task<float[]> EmbedAsync(int[] tokens, CancellationToken cancellation) => Task.FromResult(new[] { 0.6f, 0.8f, tokens.Length * 0f });

    /// <summary>Writes pieces, one token each, and ends.</summary>
    public static void Say(GenerationStream stream, GenerationRequest request, StreamEnd end, params string[] pieces)
    {
        int token = 100;
        foreach (string piece in pieces)
        {
            int? wanted = request.Sampling.Logprobs;
            TokenLogprob[]? likeliest = wanted > 0 ? [.. Enumerable.Range(0, wanted.Value).Select(i => new TokenLogprob(token + i, -0.25f - i))] : null;
            stream.TryWrite(new(token, piece, -0.25f, likeliest));
            token++;
        }
        stream.Complete(end, new(request.Prompt.Length, 3, pieces.Length));
    }
}

/// <summary>A host of fakes.</summary>
internal sealed class FakeHost(params FakeModel[] models) : ILiveHost
{
    public IReadOnlyList<ILiveModel> Models => models;

    public string? Fault { get; set; }

    /// <summary>What ends the answers that run.</summary>
    public Action OnEnd { get; set; } = static () => { };

    public Task EndAnswersAsync()
    {
        OnEnd();
        return Task.CompletedTask;
    }

    public Task<string> MetricsAsync(CancellationToken cancellation) => Task.FromResult("# HELP vllm:num_requests_running Running.\n");

    public Task<string> StateAsync(CancellationToken cancellation) => Task.FromResult("{\"models\":[]}");
}
