using System.Text;
using System.Text.Json;
using Orrery.Documents;
using Orrery.Live.Gateway;
using Orrery.Live.Tests.Api;

namespace Orrery.Live.Tests.Hosting;

/// <summary>The server as a gateway before another one, both as <c>orrery serve</c> runs them.</summary>
public sealed class GatewayServerTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Answers_of_another_server_pass(bool streams, bool isPaced)
    {
        await using TestServer upstream = await TestServer.StartAsync();
        await using UpstreamGateway gateway = Before(upstream, isPaced);
        await using TestServer front = await TestServer.StartAsync(new() { Id = "local" }, gateway: gateway);
        string ask = $$"""{"model":"remote","prompt":"a","stream":{{(streams ? "true" : "false")}}}""";
        if (streams)
        {
            List<string> events = await front.EventsAsync("/v1/completions", ask);
            Assert.Equal("[DONE]", events[^1]);
            StringBuilder text = new();
            foreach (string data in events[..^1])
            {
                using JsonDocument chunk = JsonDocument.Parse(data);
                foreach (JsonElement choice in chunk.RootElement.GetProperty("choices").EnumerateArray()) text.Append(choice.GetProperty("text").GetString());
            }
            Assert.Equal("In the beginning", text.ToString());
        }
        else
        {
            JsonElement answer = await front.AskAsync("/v1/completions", ask);
            Assert.Equal("In the beginning", answer.GetProperty("choices")[0].GetProperty("text").GetString());
        }
        Assert.Single(upstream.Model.Requests);
        Assert.Empty(front.Model.Requests);
    }

    [Fact]
    public async Task What_another_server_refuses_is_refused_in_its_words()
    {
        await using TestServer upstream = await TestServer.StartAsync();
        await using UpstreamGateway gateway = Before(upstream, isPaced: false);
        await using TestServer front = await TestServer.StartAsync(new() { Id = "local" }, gateway: gateway);
        (int status, string message, string? param, _) = await front.RefusedAsync("/v1/completions", """{"model":"remote","prompt":"a","max_tokens":0}""");
        Assert.Equal((400, "max_tokens"), (status, param));
        Assert.NotEmpty(message);
    }

    private static UpstreamGateway Before(TestServer upstream, bool isPaced)
    {
        string pace = isPaced ? "gateway: {pace: {tokensPerSecond: 1000}}\n" : "";
        string address = upstream.Server.Address.GetLeftPart(UriPartial.Authority);
        Node file = Document.Parse($"{pace}upstreams: [{{name: one, url: \"{address}\", models: [{FakeModel.Name}], aliases: {{remote: {FakeModel.Name}}}}}]", "gateway.yaml");
        return new(GatewaySettings.Read(file["gateway"], file["upstreams"]!), UpstreamGateway.CreateHandler(), TimeProvider.System);
    }
}
