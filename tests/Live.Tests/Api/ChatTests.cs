using System.Text.Json;
using Orrery.Live.Streams;

namespace Orrery.Live.Tests.Api;

public sealed class ChatTests
{
    private const string Path = "/v1/chat/completions";
    private const string Hello = """{"model":"tiny-kjv","messages":[{"role":"user","content":"Hello"}]""";

    [Fact]
    public async Task A_whole_answer_has_message_finish_and_usage()
    {
        await using TestServer test = await TestServer.StartAsync();
        JsonElement answer = await test.AskAsync(Path, Hello + "}");
        Assert.Equal("chat.completion", answer.GetProperty("object").GetString());
        JsonElement choice = answer.GetProperty("choices")[0];
        Assert.Equal("In the beginning", choice.GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
        Assert.Equal(JsonValueKind.Null, choice.GetProperty("logprobs").ValueKind);
        JsonElement usage = answer.GetProperty("usage");
        int prompt = test.Model.Requests.Single().Prompt.Length;
        Assert.Equal((prompt, 3, prompt + 3, 3), (
            usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("completion_tokens").GetInt32(),
            usage.GetProperty("total_tokens").GetInt32(), usage.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32()));
    }

    [Fact]
    public async Task A_stream_begins_with_the_role_and_ends_with_finish_usage_and_DONE()
    {
        await using TestServer test = await TestServer.StartAsync();
        List<string> events = await test.EventsAsync(Path, Hello + ""","stream":true,"stream_options":{"include_usage":true}}""");
        Assert.Equal("[DONE]", events[^1]);
        List<JsonElement> chunks = [.. events.SkipLast(1).Select(text => JsonDocument.Parse(text).RootElement)];
        Assert.All(chunks, chunk => Assert.Equal("chat.completion.chunk", chunk.GetProperty("object").GetString()));
        Assert.Equal("assistant", Delta(chunks[0]).GetProperty("role").GetString());
        Assert.Equal(["In", " the", " beginning"], chunks[1..4].Select(chunk => Delta(chunk).GetProperty("content").GetString()!));
        Assert.Equal("stop", chunks[4].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(0, chunks[5].GetProperty("choices").GetArrayLength());
        Assert.Equal(3, chunks[5].GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.All(chunks[..5], chunk => Assert.Equal(JsonValueKind.Null, chunk.GetProperty("usage").ValueKind));
        Assert.Equal(6, chunks.Count);
    }

    [Fact]
    public async Task Several_choices_share_a_stream_under_their_indices_and_have_seeds_of_their_own()
    {
        await using TestServer test = await TestServer.StartAsync();
        List<string> events = await test.EventsAsync(Path, Hello + ""","n":3,"seed":7,"stream":true}""");
        var texts = new string[3];
        foreach (string text in events.SkipLast(1))
        {
            JsonElement choice = JsonDocument.Parse(text).RootElement.GetProperty("choices")[0];
            if (choice.GetProperty("delta").TryGetProperty("content", out JsonElement content)) texts[choice.GetProperty("index").GetInt32()] += content.GetString();
        }
        Assert.All(texts, text => Assert.Equal("In the beginning", text));
        ulong[] seeds = [.. test.Model.Requests.Select(request => request.Sampling.Seed)];
        Assert.Equal(7ul, seeds[0]);
        Assert.Equal(3, seeds.Distinct().Count());
    }

    [Fact]
    public async Task Every_supported_field_reaches_the_model()
    {
        await using TestServer test = await TestServer.StartAsync();
        await test.AskAsync(Path, Hello + """
            ,"max_completion_tokens":9,"temperature":0.5,"top_p":0.9,"top_k":5,"min_p":0.1,"repetition_penalty":1.1,"presence_penalty":0.2,
            "frequency_penalty":0.3,"logit_bias":{"42":-5},"seed":-1,"stop":["x","yy"],"ignore_eos":true,"user":"ann","priority":-3,
            "skip_special_tokens":false,"timeout_seconds":2.5,"orrery_calls":[{"after_tokens":4,"seconds":1.5,"return_text":"and"}],
            "store":false,"metadata":null,"service_tier":"auto","modalities":["text"]}
            """);
        GenerationRequest request = test.Model.Requests.Single();
        Assert.Equal((9, 0.5f, 0.9f, 5, 0.1f), (request.MaxTokens, request.Sampling.Temperature, request.Sampling.TopP, request.Sampling.TopK, request.Sampling.MinP));
        Assert.Equal((1.1f, 0.2f, 0.3f), (request.Sampling.RepetitionPenalty, request.Sampling.PresencePenalty, request.Sampling.FrequencyPenalty));
        Assert.Equal(-5f, request.Sampling.LogitBias[42]);
        Assert.Equal(ulong.MaxValue, request.Sampling.Seed);
        Assert.Equal(["x", "yy"], request.Sampling.Stop);
        Assert.Equal((true, true, "ann", -3, 2.5), (request.IgnoresEnd, request.ShowsSpecial, request.Client, request.Priority, request.Timeout.Seconds));
        ScriptedCall call = Assert.Single(request.Calls!);
        Assert.Equal((4, 1.5), (call.Call.AfterTokens, call.Call.Duration.Seconds));
        Assert.Equal(call.Call.ReturnTokens, call.Returned.Length);
        Assert.NotEmpty(call.Returned);
    }

    [Fact]
    public async Task Log_probabilities_come_with_their_tokens_in_both_forms()
    {
        await using TestServer test = await TestServer.StartAsync();
        JsonElement whole = await test.AskAsync(Path, Hello + ""","logprobs":true,"top_logprobs":2}""");
        JsonElement entries = whole.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content");
        Assert.Equal(3, entries.GetArrayLength());
        Assert.Equal(-0.25, entries[0].GetProperty("logprob").GetDouble());
        Assert.Equal(2, entries[0].GetProperty("top_logprobs").GetArrayLength());
        List<string> events = await test.EventsAsync(Path, Hello + ""","logprobs":true,"stream":true}""");
        Assert.Equal(3, events.Count(text => text.Contains("\"logprobs\":{\"content\":[{", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("Rejected", 400)]
    [InlineData("TimedOut", 408)]
    [InlineData("Failed", 503)]
    public async Task An_answer_that_fails_is_an_error(string name, int status)
    {
        StreamEnd end = Enum.Parse<StreamEnd>(name);
        await using TestServer test = await TestServer.StartAsync(new() { Script = (_, stream) => stream.Complete(end, default, reason: "the reason") });
        (int found, string message, _, _) = await test.RefusedAsync(Path, Hello + "}");
        Assert.Equal(status, found);
        if (end != StreamEnd.TimedOut) Assert.Equal("the reason", message);
    }

    [Fact]
    public async Task A_stream_that_fails_in_the_middle_ends_with_an_error_and_without_DONE()
    {
        await using TestServer test = await TestServer.StartAsync(new() { Script = (request, stream) => FakeModel.Say(stream, request, StreamEnd.Overflow, "In") });
        List<string> events = await test.EventsAsync(Path, Hello + ""","stream":true}""");
        Assert.Equal("slow_reader", JsonDocument.Parse(events[^1]).RootElement.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(3, events.Count);
    }

    [Fact]
    public async Task A_client_that_leaves_cancels_its_answer()
    {
        TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using TestServer test = await TestServer.StartAsync(new() { Script = (_, _) => started.SetResult() });
        using CancellationTokenSource leave = new();
        Task asking = test.Client.PostAsync(Path, new StringContent(Hello + ""","stream":true}""", null, "application/json"), leave.Token);
        await started.Task;
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        SpinWait.SpinUntil(() => !test.Model.Cancelled.IsEmpty && !test.Log.IsEmpty, TimeSpan.FromSeconds(10));
        Assert.Single(test.Model.Cancelled);
        Assert.Equal(499, Assert.Single(test.Log).Status);
    }

    private static JsonElement Delta(JsonElement chunk) => chunk.GetProperty("choices")[0].GetProperty("delta");
}
