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
        Assert.Equal(256, tokens.GetProperty("max_model_len").GetInt32());
        JsonElement text = await test.AskAsync("/detokenize", $$"""{"tokens":{{tokens.GetProperty("tokens").GetRawText()}}}""");
        Assert.Equal("In the beginning", text.GetProperty("prompt").GetString());
        JsonElement chat = await test.AskAsync("/tokenize", """{"messages":[{"role":"user","content":"Hi"}]}""");
        Assert.Equal(test.Model.Text.Chat([new("user", "Hi")]), chat.GetProperty("tokens").EnumerateArray().Select(token => token.GetInt32()));
    }
}
