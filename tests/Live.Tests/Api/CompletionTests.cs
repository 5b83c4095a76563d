using System.Runtime.InteropServices;
using System.Text.Json;
using Orrery.Live.Streams;

namespace Orrery.Live.Tests.Api;

public sealed class CompletionTests
{
    private const string Path = "/v1/completions";

    [Fact]
    public async Task A_text_is_continued_with_echo_and_the_usual_length()
    {
        await using TestServer test = await TestServer.StartAsync();
        JsonElement answer = await test.AskAsync(Path, """{"model":"tiny-kjv","prompt":"And it came","echo":true}""");
        Assert.Equal("text_completion", answer.GetProperty("object").GetString());
        Assert.Equal("And it cameIn the beginning", answer.GetProperty("choices")[0].GetProperty("text").GetString());
        GenerationRequest request = test.Model.Requests.Single();
        Assert.Equal(16, request.MaxTokens);
        Assert.Equal(test.Model.Text.Prompt("And it came", parseSpecial: false), request.Prompt);
    }

    [Fact]
    public async Task Scripted_calls_bring_back_tokens_and_fit_the_answer()
    {
        await using TestServer test = await TestServer.StartAsync();
        await test.AskAsync(Path, """{"model":"tiny-kjv","prompt":"a","max_tokens":9,"orrery_calls":[{"after_tokens":2,"seconds":0.5,"return_tokens":3,"returned":[7,8,9]}]}""");
        Assert.Equal([7, 8, 9], test.Model.Requests.Single().Calls!.Single().Returned);
        foreach ((string calls, string param) in new[]
        {
            ("""[{"after_tokens":2,"seconds":0,"return_tokens":4,"returned":[7,8,9]}]""", "orrery_calls[0].return_tokens"),
            ("""[{"after_tokens":2,"seconds":0,"return_text":"b","returned":[7]}]""", "orrery_calls[0].returned"),
            ("""[{"after_tokens":9,"seconds":0}]""", "orrery_calls"),
        })
        {
            (int status, _, string? named, _) = await test.RefusedAsync(Path, $$"""{"model":"tiny-kjv","prompt":"a","max_tokens":9,"orrery_calls":{{calls}}}""");
            Assert.Equal((400, param), (status, named));
        }
        Assert.Single(test.Model.Requests);
    }

    [Fact]
    public async Task The_queue_limit_counts_answers_that_the_scheduler_has_not_seen_yet()
    {
        List<GenerationStream> held = [];
        await using TestServer test = await TestServer.StartAsync(
            new() { Script = (_, stream) => { lock (held) held.Add(stream); } }, settings => settings with { Limits = settings.Limits with { Queue = 2 } });
        Task<HttpResponseMessage>[] asked = [.. Enumerable.Range(0, 6).Select(_ => test.PostAsync(Path, """{"model":"tiny-kjv","prompt":"a"}"""))];
        Assert.True(SpinWait.SpinUntil(() => asked.Count(task => task.IsCompleted) == 4, TimeSpan.FromSeconds(10)));
        lock (held)
            foreach (GenerationStream stream in held) stream.Complete(StreamEnd.Stop, new(1, 0, 1));
        HttpResponseMessage[] answers = await Task.WhenAll(asked);
        Assert.Equal([200, 200, 429, 429, 429, 429], answers.Select(answer => (int)answer.StatusCode).Order());
        Assert.All(answers.Where(answer => (int)answer.StatusCode == 429), refused => Assert.NotNull(refused.Headers.RetryAfter));
        (int never, _, _, _) = await test.RefusedAsync(Path, """{"model":"tiny-kjv","prompt":["a","b","c"]}""");
        Assert.Equal(400, never);
    }

    [Theory]
    [InlineData("\"a\"", 1)]
    [InlineData("[\"a\",\"b c\"]", 2)]
    [InlineData("[5,6,7]", 1)]
    [InlineData("[[5],[6,7]]", 2)]
    public async Task Prompts_are_texts_or_tokens_alone_or_in_arrays(string prompt, int count)
    {
        await using TestServer test = await TestServer.StartAsync();
        JsonElement answer = await test.AskAsync(Path, $$"""{"model":"tiny-kjv","prompt":{{prompt}},"n":2}""");
        Assert.Equal(2 * count, answer.GetProperty("choices").GetArrayLength());
        Assert.Equal(2 * count, test.Model.Requests.Count);
        int promptTokens = test.Model.Requests.Where((_, i) => i % 2 == 0).Sum(request => request.Prompt.Length);
        Assert.Equal(promptTokens, answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(6 * count, answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task Log_probabilities_are_four_arrays_of_one_length()
    {
        await using TestServer test = await TestServer.StartAsync();
        JsonElement answer = await test.AskAsync(Path, """{"model":"tiny-kjv","prompt":"a","logprobs":2}""");
        JsonElement logprobs = answer.GetProperty("choices")[0].GetProperty("logprobs");
        foreach (string name in new[] { "tokens", "token_logprobs", "top_logprobs", "text_offset" }) Assert.Equal(3, logprobs.GetProperty(name).GetArrayLength());
        Assert.Equal(0, logprobs.GetProperty("text_offset")[0].GetInt32());
    }

    [Fact]
    public async Task A_stream_has_texts_and_a_finish()
    {
        await using TestServer test = await TestServer.StartAsync();
        List<string> events = await test.EventsAsync(Path, """{"model":"tiny-kjv","prompt":"a","stream":true,"echo":true}""");
        JsonElement[] choices = [.. events.SkipLast(1).Select(text => JsonDocument.Parse(text).RootElement.GetProperty("choices")[0])];
        Assert.Equal("aIn the beginning", string.Concat(choices.Select(choice => choice.GetProperty("text").GetString())));
        Assert.Equal("stop", choices[^1].GetProperty("finish_reason").GetString());
        Assert.Equal("[DONE]", events[^1]);
    }

    [Fact]
    public async Task Embeddings_come_as_numbers_and_as_bytes()
    {
        await using TestServer test = await TestServer.StartAsync();
        JsonElement numbers = await test.AskAsync("/v1/embeddings", """{"model":"tiny-kjv","input":["a","b"]}""");
        Assert.Equal(2, numbers.GetProperty("data").GetArrayLength());
        Assert.Equal(0.8f, numbers.GetProperty("data")[1].GetProperty("embedding")[1].GetSingle());
        JsonElement bytes = await test.AskAsync("/v1/embeddings", """{"model":"tiny-kjv","input":[5,6],"encoding_format":"base64"}""");
        byte[] vector = Convert.FromBase64String(bytes.GetProperty("data")[0].GetProperty("embedding").GetString()!);
        Assert.Equal([0.6f, 0.8f, 0f], MemoryMarshal.Cast<byte, float>(vector).ToArray());
        Assert.Equal(2, bytes.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task Tokens_go_to_text_and_back()
    {
        await using TestServer test = await TestServer.StartAsync();
        JsonElement tokens = await test.AskAsync("/tokenize", """{"model":"tiny-kjv","prompt":"In the beginning","add_special_tokens":false,"return_token_strs":true}""");
        Assert.Equal(tokens.GetProperty("count").GetInt32(), tokens.GetProperty("tokens").GetArrayLength());
        Assert.Equal(tokens.GetProperty("count").GetInt32(), tokens.GetProperty("token_strs").GetArrayLength());
        Assert.Equal(1024, tokens.GetProperty("max_model_len").GetInt32());
        JsonElement text = await test.AskAsync("/detokenize", $$"""{"tokens":{{tokens.GetProperty("tokens").GetRawText()}}}""");
        Assert.Equal("In the beginning", text.GetProperty("prompt").GetString());
        JsonElement chat = await test.AskAsync("/tokenize", """{"messages":[{"role":"user","content":"Hi"}]}""");
        Assert.Equal(test.Model.Text.Chat([new("user", "Hi")]), chat.GetProperty("tokens").EnumerateArray().Select(token => token.GetInt32()));
    }
}
