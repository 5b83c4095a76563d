using Orrery.Kernel;
using Orrery.Live.Load;

namespace Orrery.Live.Tests.Load;

public sealed class OpenAiServerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_only_model_is_found_with_its_length()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        using OpenAiServer client = new(server.Url + "/v1/", null);
        Assert.Equal(new("toy", 4096), await client.FindModelAsync(null, Cancellation));
        Assert.Equal(new("toy", 4096), await client.FindModelAsync("toy", Cancellation));
    }

    [Fact]
    public async Task An_unknown_model_is_told_with_the_known_ones()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        using OpenAiServer client = new(server.Url, null);
        InputException told = await Assert.ThrowsAsync<InputException>(() => client.FindModelAsync("toi", Cancellation));
        Assert.Contains("no model 'toi'; did you mean 'toy'?", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_models_one_must_be_chosen()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        server.Models = """{"data":[{"id":"a"},{"id":"b"}]}""";
        using OpenAiServer client = new(server.Url, null);
        InputException told = await Assert.ThrowsAsync<InputException>(() => client.FindModelAsync(null, Cancellation));
        Assert.Contains("choose one with --model: a, b", told.Message, StringComparison.Ordinal);
        Assert.Equal(new("b", null), await client.FindModelAsync("b", Cancellation));
    }

    [Theory]
    [InlineData("<html></html>")]
    [InlineData("[]")]
    [InlineData("""{"data":3}""")]
    public async Task A_server_of_another_kind_is_told(string models)
    {
        await using FakeServer server = await FakeServer.StartAsync();
        server.Models = models;
        using OpenAiServer client = new(server.Url, null);
        InputException told = await Assert.ThrowsAsync<InputException>(() => client.ModelsAsync(Cancellation));
        Assert.Contains("no OpenAI-compatible server", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_is_sent_and_a_wrong_one_told()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        server.Key = "right";
        using OpenAiServer right = new(server.Url, "right");
        Assert.Single(await right.ModelsAsync(Cancellation));
        using OpenAiServer wrong = new(server.Url, "wrong");
        InputException told = await Assert.ThrowsAsync<InputException>(() => wrong.ModelsAsync(Cancellation));
        Assert.Contains("--api-key-env", told.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_there_is_told()
    {
        string url;
        await using (FakeServer server = await FakeServer.StartAsync()) url = server.Url;
        using OpenAiServer client = new(url, null);
        InputException told = await Assert.ThrowsAsync<InputException>(() => client.ModelsAsync(Cancellation));
        Assert.Contains("the connection was refused; start the server", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_tokenizer_the_file_is_asked_for()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        server.HasTokenizer = false;
        using OpenAiServer client = new(server.Url, null);
        InputException told = await Assert.ThrowsAsync<InputException>(() => PromptSources.FromServerAsync(client, "toy", 1, Cancellation));
        Assert.Contains("--tokenizer MODEL.gguf", told.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1:8080")]
    [InlineData("ftp://x")]
    [InlineData("")]
    public void An_address_that_is_none_is_told(string url) => Assert.Contains("no address", Assert.Throws<InputException>(() => new OpenAiServer(url, null)).Message, StringComparison.Ordinal);
}
