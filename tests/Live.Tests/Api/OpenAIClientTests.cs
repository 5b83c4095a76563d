using System.ClientModel;
using System.Text;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;
using Orrery.Live.Streams;

namespace Orrery.Live.Tests.Api;

/// <summary>The official .NET client against the running server.</summary>
public sealed class OpenAIClientTests
{
    private static OpenAIClient Open(TestServer test) => new(
        new ApiKeyCredential("not-needed"),
        new OpenAIClientOptions { Endpoint = new(test.Server.Address, "v1"), RetryPolicy = new(0) });

    [Fact]
    public async Task It_chats_whole_and_streamed()
    {
        await using TestServer test = await TestServer.StartAsync();
        ChatClient chat = Open(test).GetChatClient(FakeModel.Name);
        ChatCompletion whole = await chat.CompleteChatAsync([new SystemChatMessage("Be brief."), new UserChatMessage("Hello")], new ChatCompletionOptions
        {
            Temperature = 0.5f,
            MaxOutputTokenCount = 5,
            IncludeLogProbabilities = true,
            TopLogProbabilityCount = 2,
            EndUserId = "ann",
        });
        Assert.Equal("In the beginning", whole.Content[0].Text);
        Assert.Equal((ChatFinishReason.Stop, 3, 3), (whole.FinishReason, whole.Usage.OutputTokenCount, whole.ContentTokenLogProbabilities.Count));
        StringBuilder text = new();
        ChatTokenUsage? usage = null;
        await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync([new UserChatMessage("Hello")]))
        {
            foreach (ChatMessageContentPart part in update.ContentUpdate) text.Append(part.Text);
            usage = update.Usage ?? usage;
        }
        Assert.Equal("In the beginning", text.ToString());
        Assert.Equal(3, usage?.OutputTokenCount);
    }

    [Fact]
    public async Task It_calls_tools_whole_and_streamed()
    {
        await using TestServer test = await TestServer.StartAsync(new()
        {
            ContextLength = 2048,
            Script = (request, stream) => FakeModel.Say(stream, request, StreamEnd.Stop, "{\"name\":\"weather\",", "\"arguments\":{\"town\":", "\"Ur\"}}"),
        });
        ChatClient chat = Open(test).GetChatClient(FakeModel.Name);
        ChatTool tool = ChatTool.CreateFunctionTool("weather", "Of a town.", BinaryData.FromString("""{"type":"object","properties":{"town":{"type":"string"}},"required":["town"]}"""));
        ChatCompletionOptions options = new() { Tools = { tool }, ToolChoice = ChatToolChoice.CreateRequiredChoice() };
        ChatCompletion whole = await chat.CompleteChatAsync([new UserChatMessage("Rain?")], options);
        Assert.Equal(ChatFinishReason.ToolCalls, whole.FinishReason);
        Assert.Equal(("weather", "{\"town\":\"Ur\"}"), (whole.ToolCalls[0].FunctionName, whole.ToolCalls[0].FunctionArguments.ToString()));
        StringBuilder arguments = new();
        await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync([new UserChatMessage("Rain?")], options))
            foreach (StreamingChatToolCallUpdate call in update.ToolCallUpdates) arguments.Append(call.FunctionArgumentsUpdate);
        Assert.Equal("{\"town\":\"Ur\"}", arguments.ToString());
        ChatCompletion again = await chat.CompleteChatAsync([new UserChatMessage("Rain?"), new AssistantChatMessage(whole), new ToolChatMessage(whole.ToolCalls[0].Id, "dry")], options);
        Assert.Single(again.ToolCalls);
    }

    [Fact]
    public async Task It_gets_JSON_by_a_schema_embeddings_and_models()
    {
        await using TestServer test = await TestServer.StartAsync();
        OpenAIClient client = Open(test);
        await client.GetChatClient(FakeModel.Name).CompleteChatAsync([new UserChatMessage("Hello")], new ChatCompletionOptions
        {
            ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("answer", BinaryData.FromString("""{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}"""), jsonSchemaIsStrict: true),
        });
        Assert.NotNull(test.Model.Requests.Single().Grammar);
        OpenAIEmbedding embedding = await client.GetEmbeddingClient(FakeModel.Name).GenerateEmbeddingAsync("Hello");
        Assert.Equal([0.6f, 0.8f, 0f], embedding.ToFloats().ToArray());
        Assert.Equal(FakeModel.Name, (await client.GetOpenAIModelClient().GetModelsAsync()).Value.Single().Id);
    }

    [Fact]
    public async Task It_understands_errors()
    {
        await using TestServer test = await TestServer.StartAsync();
        ClientResultException unknown = await Assert.ThrowsAsync<ClientResultException>(() => Open(test).GetChatClient("gpt-4").CompleteChatAsync([new UserChatMessage("Hello")]));
        Assert.Equal(404, unknown.Status);
        ClientResultException wrong = await Assert.ThrowsAsync<ClientResultException>(
            () => Open(test).GetChatClient(FakeModel.Name).CompleteChatAsync([new UserChatMessage("Hello")], new ChatCompletionOptions { StoredOutputEnabled = true }));
        Assert.Equal(400, wrong.Status);
        Assert.Contains("store", wrong.Message, StringComparison.Ordinal);
    }
}
