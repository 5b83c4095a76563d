using Orrery.Engine.Generation;
using Orrery.Engine.Gguf;
using Orrery.Engine.Grammars;
using Orrery.Engine.Making;
using Orrery.Engine.Models;
using Orrery.Engine.Shipped;
using Orrery.Engine.Threads;
using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Live.Replicas;
using Orrery.Live.Streams;

namespace Orrery.Live.Tests.Replicas;

public sealed class LiveModelTests
{
    private const string Long = "And it came to pass in those days, that there went out a decree from Caesar Augustus";

    [Fact]
    public async Task A_batch_of_requests_gets_the_answers_of_each_alone()
    {
        await using LiveHost host = LiveBench.Start(new());
        List<GenerationRequest> requests = LiveBench.Mixed(12);
        Answer[] answers = await LiveBench.Run(host.Model(), requests);
        LiveBench.AssertAlone(requests, answers);
        Assert.Equal(requests.Select(request => request.Prompt.Length), answers.Select(answer => answer.Usage.PromptTokens));
        await LiveBench.AssertAllFree(host);
    }

    [Fact]
    public async Task Ends_stop_strings_and_grammars_end_answers_as_alone()
    {
        string text = LiveBench.Alone(LiveBench.Request("In the beginning", 30)).Text;
        List<GenerationRequest> requests =
        [
            LiveBench.Request("In the beginning", 30, sampling: new() { Stop = [text[9..13]] }),
            LiveBench.Request("In the beginning", 30, sampling: new() { Stop = [text[^2..] + "?"] }),
            LiveBench.Request("In the beginning", 0) with { IgnoresEnd = false },
            LiveBench.Request("In the beginning", 40) with { Grammar = JsonGrammar.AnyObject(LiveBench.Text.Vocabulary), IgnoresEnd = false },
            LiveBench.Request("The", 40, 3) with { Grammar = JsonGrammar.Compile("""{"enum": ["amen"]}""", LiveBench.Text.Vocabulary) },
            LiveBench.Request("The", 0, 4),
        ];
        await using LiveHost host = LiveBench.Start(new());
        Answer[] answers = await LiveBench.Run(host.Model(), requests);
        LiveBench.AssertAlone(requests, answers);
        Assert.Equal(text[9..13], answers[0].StoppedAt);
        Assert.Equal(StreamEnd.Stop, answers[4].End);
        Assert.Equal("\"amen\"", answers[4].Text.Trim());
        Assert.Equal(LiveBench.Context, requests[5].Prompt.Length + answers[5].Tokens);
        await LiveBench.AssertAllFree(host);
    }

    [Fact]
    public async Task A_client_that_leaves_frees_its_memory_and_disturbs_nobody()
    {
        await using LiveHost host = LiveBench.Start(new());
        GenerationRequest other = LiveBench.Request("Blessed are", 30);
        GenerationStream left = host.Model().Start(LiveBench.Request(Long, 90));
        GenerationStream stays = host.Model().Start(other);
        Assert.True(await left.WaitAsync(TestContext.Current.CancellationToken));
        left.Cancel();
        Answer answer = await LiveBench.Read(left);
        Assert.Equal(StreamEnd.Cancelled, answer.End);
        Assert.InRange(answer.Tokens, 1, 89);
        LiveBench.AssertAlone([other], [await LiveBench.Read(stays)]);
        await LiveBench.AssertAllFree(host);
    }

    [Fact]
    public async Task Timeouts_slow_readers_and_impossible_requests_end_with_their_names()
    {
        await using LiveHost host = LiveBench.Start(new(), LiveBench.Options with { StreamCapacity = 3 });
        LiveModel model = host.Model();
        GenerationRequest fits = LiveBench.Request("The", 3);
        GenerationStream late = model.Start(LiveBench.Request(Long, 60) with { Timeout = Duration.FromNanoseconds(1) });
        GenerationStream slow = model.Start(LiveBench.Request("Blessed are", 20));
        Answer[] answers = await LiveBench.Run(model, [fits, LiveBench.Request(string.Join(' ', Enumerable.Repeat(Long, 12)), 3), fits with { Prompt = [-1] }, fits with { Adapter = 0 }]);
        LiveBench.AssertAlone([fits], answers[..1]);
        foreach (Answer rejected in answers[1..])
        {
            Assert.Equal(StreamEnd.Rejected, rejected.End);
            Assert.NotNull(rejected.Reason);
        }
        Assert.Equal(StreamEnd.TimedOut, (await LiveBench.Read(late)).End);
        await LiveBench.AssertAllFree(host);
        Assert.Equal(StreamEnd.Overflow, slow.End);
    }

    [Fact]
    public async Task Adapters_change_the_answers_of_their_requests_only()
    {
        string path = Path.Combine(Path.GetTempPath(), $"orrery-live-{Path.GetRandomFileName()}.gguf");
        using GgufFile model = ShippedModel.Open();
        using (WorkerPool pool = new(1)) await File.WriteAllBytesAsync(path, AdapterMaker.ToImage(model, 4, 1f, 7, pool), TestContext.Current.CancellationToken);
        try
        {
            await using LiveHost host = LiveBench.Start(new() { Adapters = [new("tuned", path)] });
            List<GenerationRequest> requests = [LiveBench.Request(Long, 16), LiveBench.Request(Long, 16) with { Adapter = 0 }, LiveBench.Request("The", 16)];
            Answer[] answers = await LiveBench.Run(host.Model(), requests);
            LoraAdapter adapter = LiveBench.WithEngine(engine =>
            {
                using GgufFile file = GgufFile.Open(path);
                return LoraAdapter.Open(file, engine.Config);
            });
            Assert.Equal(LiveBench.Alone(requests[1], adapter).Line, answers[1].Line);
            Assert.NotEqual(answers[0].Line, answers[1].Line);
            LiveBench.AssertAlone([requests[0], requests[2]], [answers[0], answers[2]]);
            Assert.Equal(["tuned"], host.Model().Adapters);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task Embeddings_come_between_steps_and_equal_the_engines()
    {
        await using LiveHost host = LiveBench.Start(new());
        GenerationRequest request = LiveBench.Request(Long, 40);
        GenerationStream stream = host.Model().Start(request);
        int[] tokens = LiveBench.Text.Prompt("Blessed are the meek", false);
        float[][] vectors = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => host.Model().EmbedAsync(tokens, TestContext.Current.CancellationToken)));
        float[] expected = LiveBench.WithEngine(engine => Embedding.Of(engine, tokens, EmbeddingPooling.Mean));
        Assert.All(vectors, vector => Assert.Equal(expected, vector));
        LiveBench.AssertAlone([request], [await LiveBench.Read(stream)]);
        await Assert.ThrowsAsync<InputException>(() => host.Model().EmbedAsync(new int[LiveBench.Context + 1], TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<InputException>(() => host.Model().EmbedAsync([int.MaxValue], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_grammar_that_the_vocabulary_cannot_spell_fails_one_answer()
    {
        await using LiveHost host = LiveBench.Start(new());
        GenerationRequest other = LiveBench.Request("The", 12);
        byte[][] silent = [.. Enumerable.Repeat(Array.Empty<byte>(), LiveBench.Text.Tokenizer.VocabularySize)];
        GenerationRequest odd = other with { Grammar = JsonGrammar.AnyObject(new(silent, LiveBench.Text.Tokenizer.EndOfGeneration)) };
        Answer[] answers = await LiveBench.Run(host.Model(), [odd, other]);
        LiveBench.AssertAlone([other], answers[1..]);
        Assert.Equal(StreamEnd.Failed, answers[0].End);
        Assert.Contains("vocabulary", answers[0].Reason, StringComparison.Ordinal);
        await LiveBench.AssertAllFree(host);
        Assert.Null(host.Fault);
    }

    [Fact]
    public async Task Clients_that_leave_whenever_they_like_leave_no_memory_behind()
    {
        await using LiveHost host = LiveBench.Start(new() { KvMemory = LiveBench.Pages(20) });
        List<GenerationRequest> requests = LiveBench.Mixed(60);
        Answer[] answers = await Task.WhenAll(requests.Select((request, i) => ReadSome(host.Model().Start(request), i % 3 == 0 ? i % 7 : int.MaxValue)));
        for (int i = 0; i < requests.Count; i++)
        {
            if (answers[i].End == StreamEnd.Cancelled) continue;
            LiveBench.AssertAlone([requests[i]], [answers[i]]);
        }
        Assert.Contains(answers, answer => answer.End == StreamEnd.Cancelled);
        await LiveBench.AssertAllFree(host);
    }

    private static async Task<Answer> ReadSome(GenerationStream stream, int pieces)
    {
        List<GeneratedPiece> read = [];
        while (read.Count < pieces && await stream.WaitAsync(TestContext.Current.CancellationToken))
            while (read.Count < pieces && stream.TryRead(out GeneratedPiece piece)) read.Add(piece);
        stream.Cancel();
        Answer rest = await LiveBench.Read(stream);
        return rest with { Pieces = [.. read, .. rest.Pieces] };
    }
}
