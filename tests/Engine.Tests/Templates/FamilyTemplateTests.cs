using System.Text.Json;
using Orrery.Engine.Templates;
using Orrery.Kernel;

namespace Orrery.Engine.Tests.Templates;

/// <summary>
/// Templates written in the style of the model families (their marks, their constructs) against the output of Jinja 3.1.6, set up as chat templates expect it
/// (sandboxed, trim_blocks, lstrip_blocks, loop controls, 5 March 2026 14:07:09 as the time).
/// </summary>
public sealed class FamilyTemplateTests
{
    private static readonly JsonElement Data = Load();

    public static TheoryData<string, int> Cases()
    {
        var cases = new TheoryData<string, int>();
        foreach (JsonElement family in Data.GetProperty("families").EnumerateArray())
        {
            for (int i = 0; i < family.GetProperty("cases").GetArrayLength(); i++) cases.Add(family.GetProperty("name").GetString()!, i);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Renders_as_Jinja_does(string name, int index)
    {
        JsonElement family = Data.GetProperty("families").EnumerateArray().First(candidate => candidate.GetProperty("name").GetString() == name);
        JsonElement expected = family.GetProperty("cases")[index];
        var template = ChatTemplate.Parse(family.GetProperty("template").GetString()!, name);
        ChatMessage[] messages = Data.GetProperty("conversations").GetProperty(expected.GetProperty("conversation").GetString()!).EnumerateArray().Select(Message).ToArray();
        var options = new ChatTemplateOptions(expected.GetProperty("prompt").GetBoolean(), family.GetProperty("bos").GetString(), family.GetProperty("eos").GetString())
        {
            Tools = expected.GetProperty("tools").GetBoolean() ? Data.GetProperty("tools") : null,
            Now = new DateTime(2026, 3, 5, 14, 7, 9),
        };
        if (expected.TryGetProperty("refusal", out JsonElement refusal))
        {
            InputException mistake = Assert.Throws<InputException>(() => template.Render(messages, options));
            Assert.Equal($"The chat template of {name} refuses these messages: {refusal.GetString()}", mistake.Message);
        }
        else Assert.Equal(expected.GetProperty("text").GetString(), template.Render(messages, options));
    }

    private static ChatMessage Message(JsonElement message)
    {
        JsonElement content = message.GetProperty("content");
        bool isParts = content.ValueKind == JsonValueKind.Array;
        return new ChatMessage(message.GetProperty("role").GetString()!, isParts ? null : content.GetString())
        {
            Name = Text("name"),
            ToolCallId = Text("tool_call_id"),
            ToolCalls = message.TryGetProperty("tool_calls", out JsonElement calls) ? calls : null,
            Parts = isParts ? content.EnumerateArray().Select(part => new ChatPart(part.GetProperty("type").GetString()!, part.GetProperty("text").GetString())).ToArray() : null,
        };

        string? Text(string key) => message.TryGetProperty(key, out JsonElement value) ? value.GetString() : null;
    }

    private static JsonElement Load()
    {
        using Stream stream = typeof(FamilyTemplateTests).Assembly.GetManifestResourceStream("families.json")!;
        return JsonDocument.Parse(stream).RootElement.Clone();
    }
}
