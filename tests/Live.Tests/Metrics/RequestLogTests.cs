using System.Text;
using System.Text.Json;
using Orrery.Live.Metrics;

namespace Orrery.Live.Tests.Metrics;

public sealed class RequestLogTests
{
    internal static RequestLog Entry => new()
    {
        Time = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Id = "chatcmpl-7",
        Endpoint = "/v1/chat/completions",
        Client = "team \"a\"\n",
        Model = "tiny",
        Status = 200,
        PromptTokens = 12,
        CompletionTokens = 34,
        CachedTokens = 8,
        QueueSeconds = 0.25,
        TtftSeconds = 0.5,
        TotalSeconds = 2,
        Finish = "stop",
    };

    [Fact]
    public void EachRequestIsOneLineOfJson()
    {
        using MemoryStream output = new();
        RequestLogWriter log = new(output);
        log.Write(Entry);
        log.Write(Entry with { Status = 429, QueueSeconds = null, TtftSeconds = double.NaN, Finish = null, Error = "queue_full" });
        string[] lines = Encoding.UTF8.GetString(output.ToArray()).Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Equal("", lines[2]);
        Assert.Equal(
            """{"time":"2026-01-02T03:04:05Z","id":"chatcmpl-7","endpoint":"/v1/chat/completions","client":"team \u0022a\u0022\n","model":"tiny","status":200,"prompt_tokens":12,"completion_tokens":34,"cached_tokens":8,"queue_seconds":0.25,"ttft_seconds":0.5,"total_seconds":2,"finish":"stop"}""",
            lines[0]);
        using JsonDocument refused = JsonDocument.Parse(lines[1]);
        Assert.Equal(JsonValueKind.Null, refused.RootElement.GetProperty("queue_seconds").ValueKind);
        Assert.Equal(JsonValueKind.Null, refused.RootElement.GetProperty("ttft_seconds").ValueKind);
        Assert.Equal("queue_full", refused.RootElement.GetProperty("error").GetString());
    }

    [Fact]
    public void ThreadsDoNotTearLines()
    {
        using MemoryStream output = new();
        RequestLogWriter log = new(output);
        Parallel.For(0, 200, i => log.Write(Entry with { PromptTokens = i }));
        HashSet<int> seen = [];
        foreach (string line in Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using JsonDocument json = JsonDocument.Parse(line);
            Assert.True(seen.Add(json.RootElement.GetProperty("prompt_tokens").GetInt32()));
        }
        Assert.Equal(200, seen.Count);
    }

    [Fact]
    public void AClosedOutputLosesLinesAndNothingElse()
    {
        MemoryStream output = new();
        output.Dispose();
        RequestLogWriter log = new(output);
        log.Write(Entry);
        Assert.Equal(1, log.Lost);
    }
}
