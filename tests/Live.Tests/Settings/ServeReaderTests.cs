using Orrery.Documents;
using Orrery.Engine.Attention;
using Orrery.Kernel;
using Orrery.Live.Settings;

namespace Orrery.Live.Tests.Settings;

public sealed class ServeReaderTests
{
    [Fact]
    public void A_file_is_read_with_its_defaults()
    {
        ServeSettings settings = Read("""
            port: 9000
            models:
              - id: kjv
                scheduler: {use: sarathi-serve, tokenBudget: 256}
                kvMemory: 64MiB
                kvType: q8
                maxModelLength: 512
                seed: 5
            limits: {bodySize: 1MiB, requests: 8, timeout: 2min}
            origins: ["https://chat.example"]
            drain: 5s
            """);
        Assert.Equal(("127.0.0.1", 9000, 5.0), (settings.Host, settings.Port, settings.Drain.Seconds));
        ModelSettings model = Assert.Single(settings.Models);
        Assert.Equal(("kjv", 512, KvType.Q8, 5ul), (model.Id, model.ContextLength, model.KvType, model.Seed));
        Assert.Equal((1L << 20, 8, 120.0, 16), (settings.Limits.BodySize.Count, settings.Limits.Requests, settings.Limits.Timeout.Seconds, settings.Limits.Choices));
    }

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("port: 1", "the key 'models' is missing")]
    [InlineData("models: []", "no model is served")]
    [InlineData("models: [{}]\nport: 70000", "write a whole number from 0 to 65535")]
    [InlineData("models: [{}]\nprt: 1", "prt: unknown key; did you mean 'port'?")]
    [InlineData("models: [{scheduler: vllm-v2}]", "did you mean 'vllm-v1'?")]
    [InlineData("models: [{file: nowhere.gguf}]", "there is no file")]
    [InlineData("models: [{draft: {}}]", "write file: with a smaller model")]
    [InlineData("models: [{}]\norigins: [\"https://a.example/path\"]", "is no origin")]
    [InlineData("models: [{}]\nkeys: {}", "write file: keys.txt")]
    [InlineData("models: [{}]\nlimits: {request: 1}", "did you mean 'requests'?")]
    [InlineData("models: [{}]\ngateway: {}", "a gateway needs upstreams")]
    [InlineData("models: [{prefixCache: true, hostSwap: 1GiB}]", "write prefixCache: false")]
    public void A_mistake_is_told_with_its_place(string text, string part)
    {
        InputException problem = Assert.Throws<InputException>(() => Read(text));
        Assert.StartsWith("serve.yaml:", problem.Message, StringComparison.Ordinal);
        Assert.Contains(part, problem.Message, StringComparison.Ordinal);
    }

    private static ServeSettings Read(string text) => ServeReader.Read(Document.Parse(text, "serve.yaml"), Path.GetTempPath());
}
