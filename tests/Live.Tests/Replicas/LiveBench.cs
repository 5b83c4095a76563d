using System.Text;
using Orrery.Engine.Attention;
using Orrery.Engine.Generation;
using Orrery.Engine.Gguf;
using Orrery.Engine.Models;
using Orrery.Engine.Sampling;
using Orrery.Engine.Shipped;
using Orrery.Kernel.Units;
using Orrery.Live.Replicas;
using Orrery.Live.Settings;
using Orrery.Live.Streams;

namespace Orrery.Live.Tests.Replicas;

/// <summary>A host over the shipped model for tests, and the same answers from the engine alone.</summary>
internal static class LiveBench
{
    /// <summary>The shipped model's context.</summary>
    public const int Context = 128;

    private static readonly byte[] Key = [.. Enumerable.Range(0, ContentKey.KeyBytes).Select(i => (byte)i)];

    private static readonly Lazy<Transformer> Shared = new(() =>
    {
        using GgufFile file = ShippedModel.Open();
        return Transformer.Load(file, new() { Threads = 1 });
    });

    private static readonly Lazy<ModelText> SharedText = new(() =>
    {
        using GgufFile file = ShippedModel.Open();
        return new(file);
    });

    public static ModelText Text => SharedText.Value;

    public static LiveOptions Options => new() { Content = new(Key) };

    public static LiveHost Start(ModelSettings settings, LiveOptions? options = null) => LiveHost.Start([settings with { Threads = 1 }], options ?? Options);

    public static LiveModel Model(this LiveHost host, int index = 0) => (LiveModel)host.Models[index];

    public static GenerationRequest Request(string text, int tokens, ulong seed = 1, SamplingOptions? sampling = null) => new()
    {
        Id = $"{text.Length}-{seed}",
        Prompt = Text.Prompt(text, parseSpecial: false),
        MaxTokens = tokens,
        Sampling = (sampling ?? new()) with { Seed = seed },
        IgnoresEnd = true,
    };

    /// <summary>Requests of mixed lengths, greedy and sampled, some with penalties.</summary>
    public static List<GenerationRequest> Mixed(int count, int tokens = 24)
    {
        string[] texts =
        [
            "In the beginning", "And the Lord said unto Moses, Speak unto the children of Israel, that they bring me an offering", "Blessed are",
            "And it came to pass in those days, that there went out a decree from Caesar Augustus", "The", "Verily, verily, I say unto you, He that heareth my word",
        ];
        SamplingOptions[] sampling =
        [
            new() { Temperature = 0 }, new(), new() { Temperature = 0.8f, TopK = 20 }, new() { TopP = 0.9f, RepetitionPenalty = 1.2f, FrequencyPenalty = 0.3f }, new() { Logprobs = 2 },
        ];
        return [.. Enumerable.Range(0, count).Select(i => Request(texts[i % texts.Length], tokens - (i * 5 % 11), (ulong)i + 1, sampling[i % sampling.Length]))];
    }

    /// <summary>What the engine's own generator answers.</summary>
    public static Answer Alone(GenerationRequest request, LoraAdapter? adapter = null, Func<TransformerModel, IDrafter>? drafter = null) => WithEngine(transformer =>
    {
        using TransformerModel model = new(transformer, KvType.F16, Context, 2, adapter);
        Sampler sampler = new(request.Sampling, model.VocabularySize);
        HashSet<int> ends = request is { IgnoresEnd: true, Grammar: null } ? [] : [.. Text.Tokenizer.EndOfGeneration];
        using ITokenSource source = drafter is null
            ? new PlainDecoding(model, sampler, request.Grammar?.Restart(), ends)
            : new SpeculativeDecoding(model, drafter(model), sampler, request.Grammar?.Restart(), ends);
        using Generator generator = new(
            source, new TokenText(Text.Tokenizer, request.IsContinuation, request.ShowsSpecial), request.Sampling.Stop, ends, request.MaxTokens == 0 ? null : request.MaxTokens);
        List<GeneratedPiece> pieces = [.. generator.Run(request.Prompt)];
        StreamEnd end = generator.Finish == FinishReason.Length ? StreamEnd.Length : StreamEnd.Stop;
        return new Answer(pieces, end, generator.StoppedAt, generator.Tokens);
    });

    /// <summary>Reads a stream to its end.</summary>
    public static async Task<Answer> Read(GenerationStream stream)
    {
        List<GeneratedPiece> pieces = [];
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(30));
        while (await stream.WaitAsync(limit.Token))
            while (stream.TryRead(out GeneratedPiece piece)) pieces.Add(piece);
        return new(pieces, stream.End, stream.StoppedAt, stream.Usage.CompletionTokens) { Reason = stream.Reason, Usage = stream.Usage };
    }

    /// <summary>Starts them all at once and reads them all.</summary>
    public static async Task<Answer[]> Run(LiveModel model, IReadOnlyList<GenerationRequest> requests)
    {
        List<GenerationStream> streams = [.. requests.Select(model.Start)];
        return await Task.WhenAll(streams.Select(Read));
    }

    /// <summary>Fails unless every answer is what the engine says alone.</summary>
    public static void AssertAlone(IReadOnlyList<GenerationRequest> requests, IReadOnlyList<Answer> answers)
    {
        for (int i = 0; i < requests.Count; i++)
        {
            Answer expected = Alone(requests[i]);
            Assert.Null(answers[i].Reason);
            Assert.Equal(expected.Line, answers[i].Line);
        }
    }

    /// <summary>Memory for so many KV pages of the shipped model.</summary>
    public static Bytes Pages(int pages)
    {
        using KvStore probe = new(Shared.Value.KvShape, KvType.F16, 1);
        return new(probe.PageBytes * pages);
    }

    /// <summary>The shipped model in a file of its own, for drafts; the caller deletes it.</summary>
    public static string ModelFile()
    {
        string path = Path.Combine(Path.GetTempPath(), $"orrery-live-{Path.GetRandomFileName()}.gguf");
        File.WriteAllBytes(path, ShippedModel.Image());
        return path;
    }

    /// <summary>Runs something on the engine alone, one caller at a time.</summary>
    public static T WithEngine<T>(Func<Transformer, T> use)
    {
        lock (Shared.Value) return use(Shared.Value);
    }

    /// <summary>Waits for the host to have nothing left, and fails if a block is still held.</summary>
    public static async Task AssertAllFree(LiveHost host)
    {
        await host.DrainAsync(TimeSpan.FromSeconds(20));
        foreach (LiveModel model in host.Models.Cast<LiveModel>())
        {
            Assert.Equal(0, model.Replica.LiveRequests);
            Assert.Equal(model.Replica.Memory.TotalBlocks, model.Replica.Memory.FreeBlocks);
        }
    }
}

/// <summary>An answer as its reader saw it.</summary>
internal sealed record Answer(List<GeneratedPiece> Pieces, StreamEnd End, string? StoppedAt, int Tokens)
{
    public string? Reason { get; init; }

    public StreamUsage Usage { get; init; }

    public string Text => string.Concat(Pieces.Select(piece => piece.Text));

    /// <summary>Everything, for comparison.</summary>
    public string Line
    {
        get
        {
            StringBuilder line = new();
            foreach (GeneratedPiece piece in Pieces)
            {
                line.Append(piece.Token).Append(':').Append(piece.Text).Append(':').Append(BitConverter.SingleToInt32Bits(piece.Logprob));
                foreach (TokenLogprob likely in piece.Likeliest ?? []) line.Append(' ').Append(likely.Token).Append('/').Append(BitConverter.SingleToInt32Bits(likely.Logprob));
                line.Append('|');
            }
            return line.Append(End).Append(' ').Append(StoppedAt).Append(' ').Append(Tokens).ToString();
        }
    }
}
