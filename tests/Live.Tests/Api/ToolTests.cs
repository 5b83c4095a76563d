using System.Text.Json;
using Orrery.Engine.Grammars;
using Orrery.Live.Streams;

namespace Orrery.Live.Tests.Api;

public sealed class ToolTests
{
    private const string Path = "/v1/chat/completions";

    private const string Tools = """
        "tools":[{"type":"function","function":{"name":"weather","description":"Of a town.","parameters":{"type":"object","properties":{"town":{"type":"string"},
        "days":{"$ref":"#/$defs/count"}},"required":["town"],"additionalProperties":false,"$defs":{"count":{"type":"integer","minimum":1,"maximum":9}}}}},{"type":"function","function":{"name":"clock"}}]
        """;

    private static string Ask(string more) => $$"""{"model":"tiny-kjv","messages":[{"role":"user","content":"Rain?"}],{{Tools}}{{more}}}""";

    public static TheoryData<string[], string, string[]> Answers() => new()
    {
        { ["{\"name\": \"weather\",", " \"arguments\": {\"town\": \"Ur\"}}"], "", ["weather {\"town\": \"Ur\"}"] },
        { ["[{\"name\":\"clock\",\"parameters\":{}},", "{\"name\":\"weather\",\"arguments\":\"{}\"}]"], "", ["clock {}", "weather {}"] },
        { ["Let me look. <to", "ol_call>\n{\"name\": \"clock\", \"arguments\": {}}\n</tool", "_call>"], "Let me look. ", ["clock {}"] },
        { ["<tool_call>{\"name\":\"clock\",\"arguments\":{}}</tool_call>\n<tool_call>{\"name\":\"weather\",\"arguments\":{\"town\":\"A\"}}"], "", ["clock {}", "weather {\"town\":\"A\"}"] },
        { ["{\"name\": \"sing\", \"arguments\": {}}"], "{\"name\": \"sing\", \"arguments\": {}}", [] },
        { ["{\"name\": \"clock\""], "{\"name\": \"clock\"", [] },
        { ["It is <b>", "wet</b> <tool"], "It is <b>wet</b> <tool", [] },
        { ["<tool_call>not JSON</tool_call> so"], "<tool_call>not JSON</tool_call> so", [] },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Calls_are_found_in_the_text_whole_and_streamed(string[] pieces, string content, string[] calls)
    {
        await using TestServer test = await TestServer.StartAsync(new() { Script = (request, stream) => FakeModel.Say(stream, request, StreamEnd.Stop, pieces) });
        JsonElement choice = (await test.AskAsync(Path, Ask(""))).GetProperty("choices")[0];
        JsonElement message = choice.GetProperty("message");
        Assert.Equal(content, message.GetProperty("content").GetString() ?? "");
        string[] found = message.TryGetProperty("tool_calls", out JsonElement list) ? [.. list.EnumerateArray().Select(Call)] : [];
        Assert.Equal(calls, found);
        Assert.Equal(calls.Length > 0 ? "tool_calls" : "stop", choice.GetProperty("finish_reason").GetString());

        (string text, List<(string Name, string Arguments)> streamed, string finish) = await StreamAsync(test, Ask(",\"stream\":true"));
        Assert.Equal(content, text);
        Assert.Equal(calls, streamed.Select(call => $"{call.Name} {call.Arguments}"));
        Assert.Equal(calls.Length > 0 ? "tool_calls" : "stop", finish);
    }

    [Fact]
    public async Task A_required_call_is_constrained_and_its_arguments_come_as_they_are_written()
    {
        string[] pieces = ["{\"na", "me\":\"weather\", \"argu", "ments\": {\"town\":", " \"a}b", "\\\"\"", "}", " }"];
        await using TestServer test = await TestServer.StartAsync(new() { Script = (request, stream) => FakeModel.Say(stream, request, StreamEnd.Stop, pieces) });
        (string text, List<(string Name, string Arguments)> calls, string finish) = await StreamAsync(test, Ask(",\"stream\":true,\"tool_choice\":\"required\""));
        Assert.Equal("", text);
        Assert.Equal([("weather", "{\"town\": \"a}b\\\"\"}")], calls);
        Assert.Equal("tool_calls", finish);
        JsonGrammar grammar = test.Model.Requests.Single().Grammar!;
        Assert.True(Accepts(test, grammar, "{\"name\":\"weather\",\"arguments\":{\"town\":\"Ur\",\"days\":3}}"));
        Assert.True(Accepts(test, grammar, "{\"name\":\"clock\",\"arguments\":{}}"));
        Assert.False(Accepts(test, grammar, "{\"name\":\"weather\",\"arguments\":{\"town\":\"Ur\",\"days\":10}}"));
        Assert.False(Accepts(test, grammar, "{\"name\":\"sing\",\"arguments\":{}}"));
    }

    [Fact]
    public async Task A_named_call_can_be_no_other()
    {
        await using TestServer test = await TestServer.StartAsync(new() { Script = (request, stream) => FakeModel.Say(stream, request, StreamEnd.Stop, "{\"name\":\"clock\",\"arguments\":{}}") });
        JsonElement choice = (await test.AskAsync(Path, Ask(""","tool_choice":{"type":"function","function":{"name":"clock"}}"""))).GetProperty("choices")[0];
        Assert.Equal("clock {}", Call(choice.GetProperty("message").GetProperty("tool_calls")[0]));
        JsonGrammar grammar = test.Model.Requests.Single().Grammar!;
        Assert.False(Accepts(test, grammar, "{\"name\":\"weather\",\"arguments\":{\"town\":\"Ur\"}}"));
        Assert.True(Accepts(test, grammar, "{\"name\":\"clock\",\"arguments\":{}}"));
    }

    [Fact]
    public async Task One_call_at_most_where_parallel_ones_are_not_wanted()
    {
        string text = "<tool_call>{\"name\":\"clock\",\"arguments\":{}}</tool_call><tool_call>{\"name\":\"clock\",\"arguments\":{}}</tool_call>";
        await using TestServer test = await TestServer.StartAsync(new() { Script = (request, stream) => FakeModel.Say(stream, request, StreamEnd.Stop, text) });
        JsonElement message = (await test.AskAsync(Path, Ask(",\"parallel_tool_calls\":false"))).GetProperty("choices")[0].GetProperty("message");
        Assert.Equal(1, message.GetProperty("tool_calls").GetArrayLength());
    }

    [Fact]
    public async Task A_template_that_knows_no_tools_gets_them_as_text_with_earlier_calls()
    {
        await using TestServer test = await TestServer.StartAsync(new() { ContextLength = 2048 });
        const string messages = """
            {"model":"tiny-kjv","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Rain?"},
            {"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"weather","arguments":"{\"town\":\"Ur\"}"}}]},
            {"role":"tool","tool_call_id":"c1","content":"dry"}],
            """;
        await test.AskAsync(Path, messages + Tools + "}");
        string prompt = test.Model.Text.Tokenizer.Decode(test.Model.Requests.Single().Prompt);
        foreach (string part in new[] { "Be brief.", "You may call these functions", "\"name\":\"weather\"", "<tool_call>{\"name\": \"weather\", \"arguments\": {\"town\":\"Ur\"}}</tool_call>", "dry" })
            Assert.Contains(part, prompt, StringComparison.Ordinal);
    }

    private static string Call(JsonElement call)
    {
        Assert.StartsWith("call_", call.GetProperty("id").GetString(), StringComparison.Ordinal);
        JsonElement function = call.GetProperty("function");
        return $"{function.GetProperty("name").GetString()} {function.GetProperty("arguments").GetString()}";
    }

    private static bool Accepts(TestServer test, JsonGrammar compiled, string text)
    {
        JsonGrammar grammar = compiled.Restart();
        return test.Model.Text.Tokenizer.Encode(text, addBos: false, parseSpecial: false).All(grammar.TryAccept) && grammar.IsComplete;
    }

    private static async Task<(string Text, List<(string Name, string Arguments)> Calls, string Finish)> StreamAsync(TestServer test, string body)
    {
        string text = "", finish = "";
        List<(string Name, string Arguments)> calls = [];
        foreach (string data in (await test.EventsAsync(Path, body)).SkipLast(1))
        {
            JsonElement choice = JsonDocument.Parse(data).RootElement.GetProperty("choices")[0];
            JsonElement delta = choice.GetProperty("delta");
            finish = choice.GetProperty("finish_reason").GetString() ?? finish;
            if (delta.TryGetProperty("content", out JsonElement content)) text += content.GetString();
            if (!delta.TryGetProperty("tool_calls", out JsonElement list)) continue;
            foreach (JsonElement call in list.EnumerateArray())
            {
                int index = call.GetProperty("index").GetInt32();
                JsonElement function = call.GetProperty("function");
                if (index == calls.Count) calls.Add((function.GetProperty("name").GetString()!, ""));
                calls[index] = (calls[index].Name, calls[index].Arguments + function.GetProperty("arguments").GetString());
            }
        }
        return (text, calls, finish);
    }
}
