using System.Buffers;
using System.Text;
using Orrery.Live.Gateway;

namespace Orrery.Live.Tests.Gateway;

public sealed class MessageTests
{
    [Theory]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"12345678"}],"max_tokens":7}""", 38 / 4, 7)]
    [InlineData("""{"prompt":[1,2,3,4,5],"model":"m","max_completion_tokens":9}""", 5, 9)]
    [InlineData("""{"prompt":[[1,2],[3]],"model":"m"}""", 3, 0)]
    [InlineData("""{"input":["abcd","efgh"],"model":"m"}""", 15 / 4, 0)]
    [InlineData("""{"model":"m"}""", 13 / 4, 0)]
    [InlineData("no json at all", 14 / 4, 0)]
    [InlineData("", 1, 0)]
    public void The_prompt_is_found_and_its_tokens_are_estimated(string body, int tokens, int limit)
    {
        var outline = RequestOutline.Read(Encoding.UTF8.GetBytes(body));
        Assert.Equal((tokens, limit), (outline.PromptTokens, outline.MaxTokens));
    }

    [Fact]
    public void Only_the_outermost_model_is_renamed_and_every_other_byte_stays()
    {
        const string body = """{ "a" : {"model":"x"}, "model" :  "x" , "messages":[{"model":"x","content":"ä\u00e4"}] }""";
        string renamed = Encoding.UTF8.GetString(RequestOutline.WithModel(Encoding.UTF8.GetBytes(body), "org/new\"name").Span);
        Assert.Equal(body.Replace("\"model\" :  \"x\"", "\"model\" :  \"org/new\\u0022name\"", StringComparison.Ordinal), renamed);
    }

    [Fact]
    public void A_model_that_is_named_twice_is_renamed_twice()
    {
        string renamed = Encoding.UTF8.GetString(RequestOutline.WithModel("""{"model":"x","model":"y"}"""u8.ToArray(), "z").Span);
        Assert.Equal("""{"model":"z","model":"z"}""", renamed);
    }

    [Theory]
    [InlineData("""{"choices":[{"delta":{"role":"assistant","content":""}}]}""", 0)]
    [InlineData("""{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}""", 2)]
    [InlineData("""{"choices":[{"text":"a","logprobs":{"tokens":["a"]}}]}""", 1)]
    [InlineData("""{"choices":[{"delta":{"reasoning_content":"hm"}}]}""", 1)]
    [InlineData("""{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}""", 1)]
    [InlineData("""{"choices":[],"usage":null}""", 0)]
    public void Tokens_of_a_chunk_are_choices_with_content(string json, int tokens) =>
        Assert.Equal(tokens, ChunkFacts.OfJson(Encoding.UTF8.GetBytes(json)).Tokens);

    [Fact]
    public void Usage_ends_and_errors_are_seen()
    {
        Assert.Equal((5, 7), (Event("""data: {"choices":[],"usage":{"prompt_tokens":5,"x":{"y":1},"completion_tokens":7}}""").PromptTokens,
            Event("""data: {"usage":{"completion_tokens":7}}""").CompletionTokens));
        Assert.True(Event("data: [DONE]").IsDone);
        Assert.True(Event("""data:{"choices":[{"finish_reason":"stop","delta":{}}]}""").IsFinish);
        Assert.False(Event("""data: {"choices":[{"finish_reason":null,"delta":{}}]}""").IsFinish);
        Assert.True(Event("""data: {"error":{"message":"no"}}""").IsError);
        Assert.True(Event("data: {broken").IsMalformed);
        Assert.Equal(default, Event(": a comment"));
    }

    [Fact]
    public void Events_are_cut_at_blank_lines_however_the_bytes_come()
    {
        byte[] bytes = Encoding.UTF8.GetBytes("data: a\n\nevent: x\r\ndata: b\r\n\r\ndata: c");
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            ReadOnlySequence<byte> buffer = Split(bytes, cut);
            List<string> events = [];
            while (EventFrames.TryTake(ref buffer, out ReadOnlySequence<byte> serverEvent)) events.Add(Encoding.UTF8.GetString(serverEvent.ToArray()));
            Assert.Equal(["data: a\n\n", "event: x\r\ndata: b\r\n\r\n"], events);
            Assert.Equal("data: c", Encoding.UTF8.GetString(buffer.ToArray()));
        }
    }

    [Fact]
    public void Metrics_of_each_engine_are_understood()
    {
        Assert.Equal(new EngineGauges(3, 4, 0.25), EngineGauges.Parse(
            "# HELP x y\n# TYPE x gauge\nvllm:num_requests_running{engine=\"0\",model_name=\"a}b c\"} 3.0\nvllm:num_requests_waiting{engine=\"0\"} 4.0 1700000000\n"
            + "vllm:kv_cache_usage_perc{engine=\"0\"} 0.25\nother 9\n"));
        Assert.Equal(new EngineGauges(0, 0, 0.5), EngineGauges.Parse("vllm:gpu_cache_usage_perc 0.5\n"));
        Assert.Equal(new EngineGauges(3, 2, 0.75), EngineGauges.Parse(
            "sglang:num_running_reqs{tp_rank=\"0\"} 1\nsglang:num_running_reqs{tp_rank=\"1\"} 2\nsglang:num_queue_reqs 2\nsglang:token_usage 0.75"));
        Assert.Equal(new EngineGauges(1, 5, null), EngineGauges.Parse("llamacpp:requests_processing 1\r\nllamacpp:requests_deferred 5\r\n"));
        Assert.Null(EngineGauges.Parse("something_else 1\nvllm:num_requests_running nonsense\n{\n{} 1\nvllm:num_requests_waiting NaN"));
    }

    private static ChunkFacts Event(string line) => ChunkFacts.OfEvent(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(line + "\n\n")));

    private static ReadOnlySequence<byte> Split(byte[] bytes, int at)
    {
        Segment first = new(bytes.AsMemory(0, at), 0);
        Segment second = new(bytes.AsMemory(at), at);
        first.Follow(second);
        return new(first, 0, second, bytes.Length - at);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long start)
        {
            Memory = memory;
            RunningIndex = start;
        }

        public void Follow(Segment next) => Next = next;
    }
}
