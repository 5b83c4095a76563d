using System.Text;
using System.Text.Json;
using Orrery.Live.Load;

namespace Orrery.Live.Tests.Load;

public sealed class StreamChunkTests
{
    [Theory]
    [InlineData("""{"choices":[{"index":0,"text":"a","logprobs":null,"finish_reason":null}],"usage":null}""", 3, 1)]
    [InlineData("""{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}""", 0, 0)]
    [InlineData("""{"choices":[{"index":0,"delta":{"content":"ab"}}]}""", 0, 1)]
    [InlineData("""{"choices":[{"index":0,"delta":{"content":null,"reasoning_content":"ab"}}]}""", 0, 1)]
    [InlineData("""{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}}]}""", 0, 1)]
    [InlineData("""{"choices":[{"text":"","finish_reason":"length"}]}""", 5, 0)]
    [InlineData("""{"choices":[{"text":"abc","token_ids":[1,2,3]}]}""", 0, 3)]
    [InlineData("""{"choices":[{"text":"abc","logprobs":{"tokens":["a","b"],"token_logprobs":[-1,-2]}}]}""", 0, 2)]
    [InlineData("""{"choices":[{"delta":{"content":"abc"},"logprobs":{"content":[{"token":"a","top_logprobs":[]},{"token":"b"}]}}]}""", 0, 2)]
    [InlineData("""{"choices":[{"text":"abc"}],"usage":{"prompt_tokens":9,"completion_tokens":7}}""", 4, 3)]
    [InlineData("""{"choices":[{"text":""}],"usage":{"prompt_tokens":9,"completion_tokens":5}}""", 4, 1)]
    [InlineData("""{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":7}}""", 4, 0)]
    public void Tokens_of_an_event(string json, int before, int expected) =>
        Assert.Equal(expected, StreamChunk.Read(Encoding.UTF8.GetBytes(json)).TokensAfter(before));

    [Fact]
    public void Usage_and_reason_are_read()
    {
        StreamChunk chunk = StreamChunk.Read("""{"id":"x","object":{"a":[1]},"choices":[{"text":"","finish_reason":"stop","stop_reason":null}],"usage":{"prompt_tokens":9,"completion_tokens":7,"prompt_tokens_details":{"audio":{"x":1},"cached_tokens":4}}}"""u8);
        Assert.Equal((9, 7, 4, "stop"), (chunk.PromptTokens, chunk.CompletionTokens, chunk.CachedTokens, chunk.FinishReason));
        Assert.Null(chunk.Error);
    }

    [Theory]
    [InlineData("""{"error":{"message":"out of memory","type":"server_error"}}""", "out of memory")]
    [InlineData("""{"error":"plain"}""", "plain")]
    public void An_error_in_the_stream_is_read(string json, string message) =>
        Assert.Equal(message, StreamChunk.Read(Encoding.UTF8.GetBytes(json)).Error);

    [Theory]
    [InlineData("")]
    [InlineData("[1]")]
    [InlineData("""{"choices":[{"text":"a"}""")]
    [InlineData("hello")]
    public void What_is_no_event_is_told(string text) => Assert.ThrowsAny<JsonException>(() => StreamChunk.Read(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData("""{"error":{"message":"too many\n requests","code":429}}""", "too many requests")]
    [InlineData("""{"detail":"Not Found"}""", "Not Found")]
    [InlineData("<html>busy</html>", "<html>busy</html>")]
    [InlineData("", "")]
    public void Messages_of_errors(string body, string expected) => Assert.Equal(expected, ErrorBody.Message(Encoding.UTF8.GetBytes(body)));
}
