using System.Text;

namespace Orrery.Live.Tests.Api;

/// <summary>Every field is supported or refused by name, and no body breaks the server.</summary>
public sealed class RefusalTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Messages = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";

    [Theory]
    [InlineData("\"temprature\":1", "temprature", "did you mean 'temperature'?")]
    [InlineData("\"temperature\":\"hot\"", "temperature", "expected a number, not a string")]
    [InlineData("\"temperature\":-1", "temperature", "must lie between 0 and 100")]
    [InlineData("\"top_p\":1.5", "top_p", "must be above 0 and at most 1")]
    [InlineData("\"n\":0", "n", "expected a whole number from 1 to 16")]
    [InlineData("\"n\":1.5", "n", "expected a whole number from 1 to 16")]
    [InlineData("\"max_tokens\":100000", "max_tokens", "the context of 1024 tokens has room for")]
    [InlineData("\"max_tokens\":0", "max_tokens", "of at least 1")]
    [InlineData("\"max_tokens\":3,\"max_completion_tokens\":4", "max_tokens", "keep one of them")]
    [InlineData("\"logit_bias\":{\"x\":1}", "logit_bias", "its keys are token ids")]
    [InlineData("\"logit_bias\":{\"5\":101}", "logit_bias", "must lie between -100 and 100")]
    [InlineData("\"stop\":[\"\"]", "stop[0]", "has 1 to 256 characters")]
    [InlineData("\"top_logprobs\":3", "top_logprobs", "it needs logprobs: true")]
    [InlineData("\"stream_options\":{\"include_usage\":true}", "stream_options", "it needs stream: true")]
    [InlineData("\"store\":true", "store", "nothing is stored here")]
    [InlineData("\"audio\":{\"voice\":\"alloy\"}", "audio", "text only")]
    [InlineData("\"reasoning_effort\":\"high\"", "reasoning_effort", "chat_template_kwargs")]
    [InlineData("\"best_of\":2", "best_of", "use n")]
    [InlineData("\"guided_json\":{}", "guided_json", "response_format")]
    [InlineData("\"functions\":[{\"name\":\"f\"}]", "functions", "use tools")]
    [InlineData("\"response_format\":{\"type\":\"xml\"}", "response_format.type", "unknown type")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\",\"schema\":{\"type\":\"objct\"}}}", "response_format.json_schema.schema", "unknown type 'objct'; did you mean 'object'?")]
    [InlineData("\"response_format\":{\"type\":\"json_object\"},\"ignore_eos\":true", "ignore_eos", "ends with it")]
    [InlineData("\"tool_choice\":\"required\"", "tool_choice", "no tool is on offer")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a b\"}}]", "tools[0].function.name", "a name has 1 to 64 letters")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"strict\":true}}]", "tools[0].function.strict", "required")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"find\"}}],\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"fnd\"}}", "tool_choice.function.name", "did you mean 'find'?")]
    [InlineData("\"chat_template_kwargs\":{\"messages\":[]}", "chat_template_kwargs.messages", "the server sets this variable")]
    [InlineData("\"orrery_calls\":[{\"after_tokens\":1}]", "orrery_calls[0].seconds", "missing")]
    [InlineData("\"timeout_seconds\":0", "timeout_seconds", "above 0")]
    public async Task A_field_that_is_wrong_is_named(string field, string param, string part)
    {
        await using TestServer test = await TestServer.StartAsync();
        (int status, string message, string? found, _) = await test.RefusedAsync(Chat, $"{{\"model\":\"tiny-kjv\",{Messages},{field}}}");
        Assert.Equal((400, param), (status, found));
        Assert.Contains(part, message, StringComparison.Ordinal);
        Assert.Empty(test.Model.Requests);
    }

    [Theory]
    [InlineData("[]", "messages", "at least one message")]
    [InlineData("[{\"role\":\"wizard\",\"content\":\"x\"}]", "messages[0].role", "unknown role 'wizard'")]
    [InlineData("[{\"role\":\"user\"}]", "messages[0].content", "missing")]
    [InlineData("[{\"role\":\"user\",\"content\":5}]", "messages[0].content", "expected a string, not a number")]
    [InlineData("[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"http://x\"}}]}]", "messages[0].content[0].type", "'image_url' are not supported")]
    [InlineData("[{\"role\":\"tool\",\"content\":\"x\"}]", "messages[0].tool_call_id", "missing")]
    [InlineData("[{\"role\":\"user\",\"content\":\"x\",\"nmae\":\"y\"}]", "messages[0].nmae", "did you mean 'name'?")]
    public async Task A_message_that_is_wrong_is_named(string messages, string param, string part)
    {
        await using TestServer test = await TestServer.StartAsync();
        (int status, string message, string? found, _) = await test.RefusedAsync(Chat, $"{{\"model\":\"tiny-kjv\",\"messages\":{messages}}}");
        Assert.Equal((400, param), (status, found));
        Assert.Contains(part, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Neutral_values_of_what_is_not_supported_are_taken()
    {
        await using TestServer test = await TestServer.StartAsync();
        await test.AskAsync(Chat, $$"""
            {"model":"tiny-kjv",{{Messages}},"n":1,"store":false,"logit_bias":{},"metadata":{},"modalities":["text"],"stop":null,"tools":[],"functions":null,
             "reasoning_effort":null,"verbosity":"medium","service_tier":"default","response_format":{"type":"text"},"parallel_tool_calls":true,"min_tokens":0,
             "length_penalty":1.0,"use_beam_search":false,"tool_choice":"none"}
            """);
    }

    [Fact]
    public async Task A_model_that_is_not_there_is_404_with_the_nearest_name()
    {
        await using TestServer test = await TestServer.StartAsync();
        (int status, string message, string? param, string? code) = await test.RefusedAsync(Chat, $"{{\"model\":\"tiny-kvj\",{Messages}}}");
        Assert.Equal((404, "model", "model_not_found"), (status, param, code));
        Assert.Contains("did you mean 'tiny-kjv'?", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{\"model\":\"a\",\"model\":\"b\"}")]
    [InlineData("{\"model\":\"\\ud800\"}")]
    [InlineData("{\"model\":\"tiny-kjv\",}")]
    public async Task A_body_that_is_no_sound_JSON_is_400(string body)
    {
        await using TestServer test = await TestServer.StartAsync();
        Assert.Equal(400, (await test.RefusedAsync(Chat, body)).Status);
    }

    [Fact]
    public async Task Bytes_that_are_no_text_and_nesting_without_end_are_400()
    {
        await using TestServer test = await TestServer.StartAsync();
        using HttpResponseMessage bytes = await test.PostAsync(Chat, [.. "{\"model\":\""u8, 0xFF, 0xFE, .. "\"}"u8]);
        Assert.Equal((400, "invalid_utf8"), ((int)bytes.StatusCode, (await TestServer.ErrorOf(bytes)).Code));
        string deep = string.Concat(Enumerable.Repeat("[", 5000));
        Assert.Equal(400, (await test.RefusedAsync(Chat, $"{{\"model\":{deep}")).Status);
    }

    [Fact]
    public async Task Damaged_bodies_never_make_the_server_fail()
    {
        const ulong seed = 20;
        await using TestServer test = await TestServer.StartAsync();
        Kernel.Random.RandomStream random = Kernel.Random.RandomStream.Root(seed);
        byte[][] bodies =
        [
            Encoding.UTF8.GetBytes("""{"model":"tiny-kjv","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"integer","minimum":1},"b":{"$ref":"#/properties/a"}}}}}],"tool_choice":"required","stop":["a\u0301","\n"],"logit_bias":{"7":1.5},"seed":12345,"n":2}"""),
            Encoding.UTF8.GetBytes("""{"model":"tiny-kjv","messages":[{"role":"user","content":"Hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object","properties":{"a":{"enum":["x",1,null]},"p":{"type":"string","pattern":"^a+$"}},"required":["a"]}}},"temperature":0.5,"chat_template_kwargs":{"x":[1,{"y":null}]},"stream":false}"""),
        ];
        for (int round = 0; round < 600; round++)
        {
            byte[] body = [.. bodies[round % bodies.Length]];
            int changes = 1 + random.NextInt(3);
            for (int i = 0; i < changes; i++)
            {
                int at = random.NextInt(body.Length);
                byte[] marks = "{}[]\",:0-9ex\\ut "u8.ToArray();
                switch (random.NextInt(4))
                {
                    case 0: body[at] = marks[random.NextInt(marks.Length)]; break;
                    case 1: body = [.. body[..at], .. body[Math.Min(at + 1 + random.NextInt(8), body.Length)..], (byte)'}']; break;
                    case 2: body[at] = (byte)random.NextInt(256); break;
                    default: body = [.. body[..at], .. body[random.NextInt(at + 1)..]]; break;
                }
            }
            using HttpResponseMessage response = await test.PostAsync(round % 3 == 0 ? "/tokenize" : Chat, body);
            Assert.True((int)response.StatusCode is 200 or 400 or 404, $"seed {seed}, round {round}: {(int)response.StatusCode} {test.Log.Last().Error} for {Encoding.UTF8.GetString(body)}");
            if (!response.IsSuccessStatusCode) await TestServer.ErrorOf(response);
        }
    }

    [Fact]
    public async Task A_prompt_that_fills_the_context_is_refused()
    {
        await using TestServer test = await TestServer.StartAsync(new() { ContextLength = 4 });
        (int status, _, _, string? code) = await test.RefusedAsync("/v1/completions", """{"model":"tiny-kjv","prompt":[1,2,3,4]}""");
        Assert.Equal((400, "context_length_exceeded"), (status, code));
        (status, string message, _, _) = await test.RefusedAsync("/v1/completions", """{"model":"tiny-kjv","prompt":[1,99999999]}""");
        Assert.Equal(400, status);
        Assert.Contains("there is no token 99999999", message, StringComparison.Ordinal);
    }
}
