using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Traffic.Readers;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Tests.Readers;

public class FormatTests
{
    private const string Azure = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.9799600,4808,10\r\n2023-11-16 18:17:04.0319601,3180,8";

    [Fact]
    public void Orrery_rows_carry_every_column()
    {
        const string csv = "arrival_seconds,prompt_tokens,output_tokens,id,client,priority,adapter,prefix_id,prefix_tokens,session,think_seconds,max_tokens,slo_ttft_seconds,slo_tpot_seconds,timeout_seconds,calls\n"
            + "0.000000001,10,5,a,ann,2,3,77,4,9,1.5,50,0.25,0.05,60,2:0.5:100;5:1.25:7\n"
            + "1.5,20,6,\"b,\"\"x\"\"\",bob,,,,,,,,,,,\n";
        List<Request> rows = Sources.All(Sources.Trace(csv));
        Assert.Equal(2, rows.Count);
        Request first = rows[0];
        Assert.Equal(1, first.Arrival.Nanoseconds);
        Assert.Equal(("a", 0, 2, 3, 9L, 50), (first.Label, first.Client, first.Priority, first.Adapter, first.Session, first.MaxTokens));
        Assert.Equal([new TokenSpan(77, 4)], first.Content!);
        Assert.Equal((Duration.FromSeconds(0.25), Duration.FromSeconds(0.05), Duration.FromSeconds(60)),
            (first.TtftLimit, first.TpotLimit, first.Timeout));
        Assert.Equal([new ToolCall(2, Duration.FromSeconds(0.5), 100), new ToolCall(5, Duration.FromSeconds(1.25), 7)], first.Calls!);
        Request second = rows[1];
        Assert.Equal(("b,\"x\"", 1, 0, -1, -1L), (second.Label, second.Client, second.Priority, second.Adapter, second.Session));
        Assert.True(second.Timeout.IsInfinite);
        Assert.Null(second.Content);
    }

    [Fact]
    public void Azure_starts_at_its_first_row_and_keeps_100_ns()
    {
        List<Request> rows = Sources.All(Sources.Trace(Azure));
        Assert.Equal([0L, 52_000_100L], rows.Select(r => r.Arrival.Nanoseconds));
        Assert.Equal([(4808, 10), (3180, 8)], rows.Select(r => (r.PromptTokens, r.OutputTokens)));
    }

    [Fact]
    public void Azure_2024_stamps_carry_a_zone()
    {
        const string csv = "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.009930+00:00,2162,5\n2024-05-10 02:00:01.009930+02:00,2399,6\n";
        Assert.Equal([0L, 1_000_000_000L], Sources.All(Sources.Trace(csv)).Select(r => r.Arrival.Nanoseconds));
    }

    [Fact]
    public void Gzip_is_found_by_its_bytes()
    {
        Assert.Equal(Sources.All(Sources.Trace(Azure)).Select(Sources.Text),
            Sources.All(Sources.Trace(Sources.Gzip(Azure))).Select(Sources.Text));
    }

    [Fact]
    public void Mooncake_blocks_become_spans_of_512_tokens_with_a_partial_last()
    {
        const string lines = "{\"timestamp\": 27, \"input_length\": 1100, \"output_length\": 52, \"hash_ids\": [0, 1, 2]}\n{\"timestamp\": 3027, \"input_length\": 512, \"output_length\": 0, \"hash_ids\": [0]}\n";
        using TraceSource source = Sources.Trace(lines);
        List<Request> rows = Sources.All(source);
        Assert.Equal([0L, 3_000_000_000L], rows.Select(r => r.Arrival.Nanoseconds));
        Assert.Equal([new TokenSpan(1, 512), new TokenSpan(2, 512), new TokenSpan(3, 76)], rows[0].Content!);
        Assert.Equal(1, rows[1].OutputTokens);
        Assert.Equal(1, source.LiftedRows);
    }

    [Fact]
    public void BurstGpt_models_are_clients_and_failed_rows_count()
    {
        const string csv = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,472,18,490,Conversation log\n45.5,GPT-4,1087,0,1087,API log\n";
        using TraceSource source = Sources.Trace(csv);
        List<Request> rows = Sources.All(source);
        Assert.Equal([0L, 40_500_000_000L], rows.Select(r => r.Arrival.Nanoseconds));
        Assert.Equal([(472, 18, 0), (1087, 1, 1)], rows.Select(r => (r.PromptTokens, r.OutputTokens, r.Client)));
        Assert.Equal("GPT-4", source.ClientName(1));
        Assert.Equal(1, source.LiftedRows);
    }

    [Fact]
    public void Splitwise_and_vidur_rows()
    {
        const string splitwise = "request_id,request_type,application_id,arrival_timestamp,batch_size,prompt_size,token_size\n0,2,0,0.0,1,100,13\n1,2,7,0.25,1,200,14\n";
        Assert.Equal([(0L, 100, 13, 0), (250_000_000L, 200, 14, 1)],
            Sources.All(Sources.Trace(splitwise)).Select(r => (r.Arrival.Nanoseconds, r.PromptTokens, r.OutputTokens, r.Client)));
        const string vidur = "arrived_at,num_prefill_tokens,num_decode_tokens\n2.5,374.0,44\n3,396,109\n";
        Assert.Equal([(0L, 374, 44), (500_000_000L, 396, 109)],
            Sources.All(Sources.Trace(vidur)).Select(r => (r.Arrival.Nanoseconds, r.PromptTokens, r.OutputTokens)));
    }

    [Fact]
    public void Lengths_alone_need_a_rate()
    {
        InputException error = Assert.Throws<InputException>(() =>
            Sources.Trace("num_prefill_tokens,num_decode_tokens,num_total_tokens,pd_ratio\n3772,54,3826,69.85\n"));
        Assert.Contains("rate: 2/s", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("arrival_seconds,prompt_tokens,output_tokens\n0,x,5", "trace.csv:2: column 'prompt_tokens': 'x' is not a whole number")]
    [InlineData("arrival_seconds,prompt_tokens,output_tokens\n\n0,5,0", "trace.csv:3: column 'output_tokens': 0 is outside 1 to")]
    [InlineData("arrival_seconds,prompt_tokens,output_tokens\n-1,5,5", "trace.csv:2: column 'arrival_seconds': '-1' is not a time")]
    [InlineData("arrival_seconds,prompt_tokens,output_tokens\n0,5", "trace.csv:2: the row has 2 fields where the header names 3")]
    [InlineData("arrival_seconds,prompt_tokens,output_tokens\n0,5,5,5", "trace.csv:2: the row has more fields than the 3")]
    [InlineData("arrival_seconds,prompt_tokens,output_tokens\n1,5,5\n0,5,5", "trace.csv:3: arrival 0 s comes after 1 s; sort the file by arrival, or set sort: true")]
    [InlineData("arrival_seconds,prompt_tokens,output_tokns\n0,5,5", "trace.csv:1: column 'output_tokns' is not known; did you mean 'output_tokens'?")]
    [InlineData("arrival_seconds,prompt_tokens\n0,5", "trace.csv:1: column 'output_tokens' is missing")]
    [InlineData("arrival_seconds,prompt_tokens,output_tokens,calls\n0,5,5,3:1", "trace.csv:2: column 'calls': '3:1' is not afterTokens:apiSeconds:returnTokens")]
    [InlineData("arrival_seconds,prompt_tokens,output_tokens,calls\n0,5,5,9:1:1", "trace.csv:2: column 'calls': a call after 9 tokens is beyond the output of 5 tokens")]
    [InlineData("arrival_seconds,prompt_tokens,output_tokens,prefix_id,prefix_tokens\n0,5,5,1,6", "trace.csv:2: column 'prefix_tokens': 6 is outside 0 to 5")]
    [InlineData("arrival_seconds,prompt_tokens,output_tokens,id\n0,5,5,\"a", "trace.csv:2: column 'id': the quote is not closed")]
    [InlineData("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-13-16 18:17:03,5,5", "trace.csv:2: column 'TIMESTAMP': '2023-13-16 18:17:03' is not a date and time")]
    [InlineData("{\"timestamp\": 0, \"input_length\": 5, \"output_length\": 5, \"hash_ids\": [1, 2]}", "trace.csv:1: column 'hash_ids': 2 blocks of 512 tokens do not fit a prompt of 5 tokens")]
    [InlineData("{\"timestamp\": 0, \"input_length\": 5}", "trace.csv:1: the key 'output_length' is missing")]
    [InlineData("{\"timestamp\": 0,", "trace.csv:1: the line is not a JSON object")]
    [InlineData("a,b,c\n1,2,3", "trace.csv:1: the header 'a,b,c' fits no known trace format")]
    [InlineData("", "trace.csv: the file is empty")]
    public void Mistakes_name_file_line_and_column(string text, string message)
    {
        InputException error = Assert.Throws<InputException>(() => Sources.All(Sources.Trace(text)));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_format_and_file_are_designed_errors()
    {
        Assert.Contains("did you mean 'azure'",
            Assert.Throws<InputException>(() => Sources.Trace(Azure, new TraceOptions { Format = "asure" })).Message,
            StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<InputException>(() => TraceSource.Open("no-such-file.csv")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Public_formats_may_be_slightly_out_of_order()
    {
        const string csv = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:04,1,1\n2023-11-16 18:17:03,2,2\n";
        Assert.Equal([(0L, 2), (1_000_000_000L, 1)], Sources.All(Sources.Trace(csv)).Select(r => (r.Arrival.Nanoseconds, r.PromptTokens)));
    }
}
