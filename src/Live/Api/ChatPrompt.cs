using System.Text;
using System.Text.Json;
using Orrery.Engine.Generation;
using Orrery.Engine.Templates;
using Orrery.Kernel;

namespace Orrery.Live.Api;

/// <summary>The tokens of a conversation, with tools told to models whose template does not know them.</summary>
internal static class ChatPrompt
{
    private const string Opening = "<tool_call>";
    private const string Closing = "</tool_call>";

    /// <exception cref="ApiException">400: the template refuses the messages.</exception>
    public static int[] Build(ModelText text, IReadOnlyList<ChatMessage> messages, ToolSet? tools, ChatTemplateOptions options)
    {
        try
        {
            ChatTemplateOptions full = options with { Tools = tools?.Json };
            int[] direct = text.Chat(messages, full);
            bool hasCalls = messages.Any(message => message.ToolCalls is not null);
            if (tools is null && !hasCalls) return direct;
            // A template that writes the same without the tools does not know them.
            bool knows = tools is not null
                ? !direct.AsSpan().SequenceEqual(text.Chat(messages, options))
                : !direct.AsSpan().SequenceEqual(text.Chat([.. messages.Select(message => message with { ToolCalls = null })], options));
            return knows ? direct : text.Chat(Plain(messages, tools), options);
        }
        catch (InputException refused)
        {
            throw new ApiException(ApiError.BadField("messages", refused.Message.TrimEnd('.')));
        }
    }

    /// <summary>Calls written into the text of messages, and a system text that describes the tools.</summary>
    private static List<ChatMessage> Plain(IReadOnlyList<ChatMessage> messages, ToolSet? tools)
    {
        List<ChatMessage> plain = [.. messages.Select(message => message.ToolCalls is { } calls ? message with { Content = WithCalls(message.Content, calls), ToolCalls = null } : message)];
        if (tools is null) return plain;
        string told = Describe(tools);
        if (plain is [{ Role: "system", Content: { } own } first, ..]) plain[0] = first with { Content = $"{own}\n\n{told}" };
        else plain.Insert(0, new("system", told));
        return plain;
    }

    private static string Describe(ToolSet tools)
    {
        var text = new StringBuilder("You may call these functions:\n");
        foreach (JsonElement tool in tools.Json.EnumerateArray()) text.Append(tool.GetProperty("function").GetRawText()).Append('\n');
        text.Append(tools.Choice == ToolChoice.Required
            ? "Answer with one call and nothing else, as {\"name\": NAME, \"arguments\": {…}}."
            : $"To call one, write {Opening}{{\"name\": NAME, \"arguments\": {{…}}}}{Closing}.");
        return text.ToString();
    }

    private static string WithCalls(string? content, JsonElement calls)
    {
        var text = new StringBuilder(content);
        foreach (JsonElement call in calls.EnumerateArray())
        {
            JsonElement function = call.GetProperty("function");
            if (text.Length > 0) text.Append('\n');
            text.Append(Opening).Append("{\"name\": ").Append(function.GetProperty("name").GetRawText())
                .Append(", \"arguments\": ").Append(function.GetProperty("arguments").GetString()).Append('}').Append(Closing);
        }
        return text.ToString();
    }
}
