using System.Globalization;
using System.Text.Json;
using Orrery.Cli.Shell;
using Orrery.Live.Tests.Load;

namespace Orrery.Cli.Tests;

/// <summary>The verb against a scripted server in this process. No figure here depends on how fast anything is.</summary>
public sealed class LoadVerbTests
{
    private const string Scenario = """
        name: both
        model: llama-3-8b
        fleet: [{device: h100-sxm}]
        traffic: {generator: poisson, rate: 500/s, requests: 40, prompt: {uniform: {min: 4, max: 64}}, output: {uniform: {min: 2, max: 9}}}
        slo: {ttft: 100s, tpot: 100s}
        expect: ["finished >= 40", "failed <= 0"]
        seed: 7
        """;

    [Fact]
    public async Task A_result_has_the_keys_of_a_simulation_and_diff_shows_both()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        using TempFolder folder = new();
        await File.WriteAllTextAsync(folder.At("both.yaml"), Scenario, TestContext.Current.CancellationToken);
        CliResult live = Cli.Run("load", folder.At("both.yaml"), "--url", server.Url, "--out", folder.At("live"), "--json", folder.At("live.json"), "--record-requests");
        Assert.True(live.ExitCode == 0, live.Error);
        Assert.Contains("40 sent, 40 finished", live.Output, StringComparison.Ordinal);
        Assert.Contains("goal         met: ", live.Output, StringComparison.Ordinal);
        Assert.Equal(0, Cli.Run("simulate", folder.At("both.yaml"), "--no-intervals", "--json", folder.At("sim.json")).ExitCode);
        using JsonDocument measured = JsonDocument.Parse(await File.ReadAllTextAsync(folder.At("live.json"), TestContext.Current.CancellationToken));
        using JsonDocument simulated = JsonDocument.Parse(await File.ReadAllTextAsync(folder.At("sim.json"), TestContext.Current.CancellationToken));
        foreach (string block in (string[])["requests", "tokens", "metrics", "cost"])
            Assert.Equal(Keys(simulated.RootElement.GetProperty(block)), Keys(measured.RootElement.GetProperty(block)));
        JsonElement root = measured.RootElement;
        Assert.Equal(simulated.RootElement.GetProperty("tokens").GetProperty("output").GetInt64(), root.GetProperty("tokens").GetProperty("output").GetInt64());
        Assert.Equal(("orrery.run/1", 7, 40), (root.GetProperty("schema").GetString(), root.GetProperty("seed").GetInt32(), root.GetProperty("requests").GetProperty("finished").GetInt32()));
        Assert.Equal(40, root.GetProperty("metrics").GetProperty("ttftSeconds").GetProperty("count").GetInt32());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("metrics").GetProperty("kvUtilization").GetProperty("mean").ValueKind);
        Assert.Equal(JsonValueKind.Null, root.GetProperty("cost").GetProperty("energyJoules").ValueKind);
        Assert.Equal(1.0, root.GetProperty("metrics").GetProperty("sloAttainment").GetDouble());
        Assert.Equal(4, root.GetProperty("load").GetProperty("warmUp").GetInt32());
        Assert.Equal(44, server.Bodies.Count);
        CliResult diff = Cli.Run("diff", folder.At("live"), folder.At("sim.json"));
        Assert.Equal(0, diff.ExitCode);
        Assert.Contains("ttftSeconds.p50", diff.Output, StringComparison.Ordinal);
        Assert.Contains("was measured and", diff.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("energyJoules", diff.Output, StringComparison.Ordinal);
        Assert.Contains("energyJoules", Cli.Run("diff", folder.At("live"), folder.At("sim.json"), "--all").Output, StringComparison.Ordinal);
        string[] rows = await File.ReadAllLinesAsync(folder.At("live/requests.csv"), TestContext.Current.CancellationToken);
        Assert.Equal(41, rows.Length);
        Assert.StartsWith("id,arrival_seconds,first_token_seconds,finish_seconds,prompt_tokens,output_tokens,", rows[0], StringComparison.Ordinal);
        // What was sent can be simulated as it was.
        Assert.Equal(0, Cli.Run("simulate", folder.At("both.yaml"), "--no-intervals", "--set", $"traffic={{file: {folder.At("live/traffic.csv")}, sort: true}}", "--json", folder.At("again.json")).ExitCode);
        using JsonDocument again = JsonDocument.Parse(await File.ReadAllTextAsync(folder.At("again.json"), TestContext.Current.CancellationToken));
        Assert.Equal(root.GetProperty("tokens").GetProperty("output").GetInt64(), again.RootElement.GetProperty("tokens").GetProperty("output").GetInt64());
    }

    [Fact]
    public async Task Flags_alone_make_traffic()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        using JsonDocument result = Json(Cli.Run("load", "--url", server.Url, "--clients", "3", "--requests", "12", "--set", "traffic.prompt=9", "--warmup", "0", "--json", "-"));
        Assert.Equal(12, result.RootElement.GetProperty("requests").GetProperty("finished").GetInt32());
        Assert.InRange(server.MostInFlight, 1, 3);
        Assert.All(server.Bodies, body => Assert.Equal((9, 128), (body.GetProperty("prompt").GetArrayLength(), FakeServer.Limit(body))));
        using JsonDocument open = Json(Cli.Run("load", "--url", server.Url, "--rate", "1000/s", "--requests", "5", "--warmup", "0", "--json", "-"));
        Assert.Equal(5, open.RootElement.GetProperty("requests").GetProperty("finished").GetInt32());
    }

    [Fact]
    public async Task A_trace_brings_priorities_clients_adapters_and_calls()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        using TempFolder folder = new();
        await File.WriteAllTextAsync(
            folder.At("trace.csv"),
            "arrival_seconds,prompt_tokens,output_tokens,id,client,priority,adapter,prefix_id,prefix_tokens,calls\n0,40,4,a,ann,2,1,7,32,2:0.5:6\n0,40,4,b,bob,,,7,32,\n",
            TestContext.Current.CancellationToken);
        CliResult run = Cli.Run("load", folder.At("trace.csv"), "--url", server.Url, "--warmup", "0", "--adapters", "x,y", "--extensions", "--extra", "{\"temperature\": 0}", "--prompt-seed", "3");
        Assert.True(run.ExitCode == 0, run.Error);
        JsonElement a = server.Bodies.Single(body => body.GetProperty("user").GetString() == "ann");
        JsonElement b = server.Bodies.Single(body => body.GetProperty("user").GetString() == "bob");
        Assert.Equal((2, "y", 0, 6), (a.GetProperty("priority").GetInt32(), a.GetProperty("model").GetString(), a.GetProperty("temperature").GetInt32(), a.GetProperty("orrery_calls")[0].GetProperty("returned").GetArrayLength()));
        Assert.Equal("toy", b.GetProperty("model").GetString());
        int[] first = [.. a.GetProperty("prompt").EnumerateArray().Select(token => token.GetInt32())];
        int[] second = [.. b.GetProperty("prompt").EnumerateArray().Select(token => token.GetInt32())];
        Assert.Equal(first[..32], second[..32]);
        Assert.NotEqual(first[32..], second[32..]);
        string plain = Cli.Run("load", folder.At("trace.csv"), "--url", server.Url, "--warmup", "0").Output;
        Assert.Contains("the tool calls of 1 requests were left out", plain, StringComparison.Ordinal);
        Assert.Contains("the adapters of 1 requests have no name here", plain, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_chat_takes_words()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        server.Answer = (context, body) => FakeServer.StreamAsync(
            context, FakeServer.Limit(body), FakeServer.Limit(body), 5 + body.GetProperty("messages")[0].GetProperty("content").GetString()!.Split(' ').Length);
        CliResult run = Cli.Run("load", "--url", server.Url, "--endpoint", "chat", "--requests", "3", "--warmup", "0");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("1 tokens per word and 5 of the server's own", string.Join(' ', run.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.All(server.Bodies.Skip(2), body => Assert.Equal(123, body.GetProperty("messages")[0].GetProperty("content").GetString()!.Split(' ').Length));
    }

    [Fact]
    public async Task A_missed_goal_and_refusals_show()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        server.Answer = (context, _) => FakeServer.RefuseAsync(context, 429, "busy");
        CliResult run = Cli.Run("load", "--url", server.Url, "--requests", "4", "--goal", "finished >= 1");
        Assert.Equal(ExitCode.GoalMissed, run.ExitCode);
        Assert.Contains("4 rejected (4: 429: busy)", run.Output, StringComparison.Ordinal);
        Assert.Contains("MISSED", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_keeps_what_was_reached()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        using TempFolder folder = new();
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        using var terminal = new Terminal(output, error);
        int answered = 0;
        server.Answer = async (context, body) =>
        {
            await FakeServer.StreamAsync(context, FakeServer.Limit(body), FakeServer.Limit(body));
            if (Interlocked.Increment(ref answered) == 5) terminal.Interrupt();
        };
        int code = EntryPoint.Run(["load", "--url", server.Url, "--clients", "2", "--requests", "100000", "--warmup", "0", "--set", "traffic.output=2", "--out", folder.At("x")], terminal);
        Assert.Equal(ExitCode.Interrupted, code);
        using JsonDocument result = JsonDocument.Parse(await File.ReadAllTextAsync(folder.At("x/result.json"), TestContext.Current.CancellationToken));
        Assert.True(result.RootElement.GetProperty("partial").GetBoolean());
        Assert.InRange(result.RootElement.GetProperty("requests").GetProperty("finished").GetInt32(), 4, 99_999);
        Assert.Contains("PARTIAL", output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--rate", "5/s", "--clients", "2", "two kinds of traffic")]
    [InlineData("--endpoint", "chats", "", "", "did you mean 'chat'?")]
    [InlineData("--prompts", "tokens", "--endpoint", "chat", "a chat takes text")]
    [InlineData("--extra", "5", "", "", "no JSON object")]
    [InlineData("--extra", "{\"model\": 1}", "", "", "made from the traffic")]
    [InlineData("--timeout", "5", "", "", "--timeout 5")]
    [InlineData("--record-requests", "", "", "", "add --out DIR")]
    [InlineData("--api-key-env", "ORRERY_NO_SUCH_KEY", "", "", "no such variable")]
    [InlineData("--model", "toi", "", "", "did you mean 'toy'?")]
    [InlineData("--tokenizer", "none.gguf", "", "", "none.gguf")]
    [InlineData("--rate", "5", "", "", "--rate 5")]
    [InlineData("--warmup", "x", "", "", "--warmup x")]
    public async Task A_mistake_is_one_sentence(string flag, string value, string other, string otherValue, string told)
    {
        await using FakeServer server = await FakeServer.StartAsync();
        CliResult run = Cli.Run([.. new[] { "load", "--url", server.Url, flag, value, other, otherValue }.Where(word => word.Length > 0)]);
        Assert.Equal(ExitCode.BadInput, run.ExitCode);
        Assert.Contains(told, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task A_trace_that_the_model_cannot_hold_is_told_before_anything_is_sent()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        using TempFolder folder = new();
        await File.WriteAllTextAsync(folder.At("long.csv"), "arrival_seconds,prompt_tokens,output_tokens\n0,10,4\n1,4000,200\n", TestContext.Current.CancellationToken);
        CliResult run = Cli.Run("load", folder.At("long.csv"), "--url", server.Url);
        Assert.Equal(ExitCode.BadInput, run.ExitCode);
        Assert.Contains("request 2 has 4000 prompt and 200 output tokens, and toy holds 4096", run.Error, StringComparison.Ordinal);
        Assert.Empty(server.Bodies);
    }

    [Fact]
    public async Task Nobody_at_the_address_is_one_sentence()
    {
        string url;
        await using (FakeServer server = await FakeServer.StartAsync()) url = server.Url;
        CliResult run = Cli.Run("load", "--url", url);
        Assert.Equal((ExitCode.BadInput, $"{url}: the connection was refused; start the server, or name another with --url\n"), (run.ExitCode, run.Error));
    }

    [Fact]
    public void The_line_for_a_terminal_fits_it()
    {
        var far = new Orrery.Live.Load.LoadProgress(
            Orrery.Kernel.Time.Duration.FromSeconds(599.9), 9_999, 9_999, 9_000, 99, 9, 99, 5_000_000,
            Orrery.Kernel.Time.Duration.FromMilliseconds(999), Orrery.Kernel.Time.Duration.FromMilliseconds(9999), Orrery.Kernel.Time.Duration.FromMilliseconds(99));
        string line = Verbs.LoadText.Progress(far, default);
        Assert.True(line.Length <= Terminal.Columns, string.Create(CultureInfo.InvariantCulture, $"{line.Length}: {line}"));
        Assert.Contains("TTFT 999/9,999 ms, late 99 ms", line, StringComparison.Ordinal);
    }

    private static JsonDocument Json(CliResult run)
    {
        Assert.True(run.ExitCode == 0, run.Error);
        return JsonDocument.Parse(run.Output);
    }

    /// <summary>Names down to the statistics of distributions, which are null where there are no samples.</summary>
    private static string[] Keys(JsonElement block) =>
        [.. block.EnumerateObject().SelectMany(entry => entry.Value.ValueKind == JsonValueKind.Object && !entry.Value.TryGetProperty("p50", out _) ? entry.Value.EnumerateObject().Select(inner => $"{entry.Name}.{inner.Name}") : [entry.Name])];
}
