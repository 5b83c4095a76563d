using System.Text.Json;
using Orrery.Engine.Templates;
using Orrery.Live.Settings;

namespace Orrery.Live.Api;

/// <summary>The messages of a conversation.</summary>
internal static class MessageReader
{
    private static readonly string[] Roles = ["system", "developer", "user", "assistant", "tool"];

    public static List<ChatMessage> Read(Fields fields)
    {
        IReadOnlyList<(JsonElement Item, string Path)> items = fields.List("messages", ServeLimits.Messages) ?? throw fields.Bad("messages", "this field is missing");
        if (items.Count == 0) throw fields.Bad("messages", "a conversation has at least one message");
        return [.. items.Select(item => ReadOne(new(item.Item, item.Path)))];
    }

    private static ChatMessage ReadOne(Fields message)
    {
        string role = message.RequiredText("role");
        if (role == "function") throw message.Bad("role", "messages of functions are not supported; use role tool");
        if (!Roles.Contains(role)) throw message.Bad("role", $"unknown role '{Shorten(role)}'{Kernel.Names.Suggest(Shorten(role), Roles)}");
        JsonElement? content = message.Optional("content");
        string? text = null;
        List<ChatPart>? parts = null;
        if (content is { ValueKind: JsonValueKind.Array } list) parts = ReadParts(list, message.PathOf("content"));
        else if (content is { } plain) text = Fields.TextOf(plain, message.PathOf("content"));
        string? name = message.Text("name");
        JsonElement? calls = null;
        string? answers = null;
        string? reasoning = null;
        if (role == "assistant")
        {
            calls = ReadCalls(message);
            reasoning = message.Text("reasoning_content");
            message.Refuse(new("refusal", "refusals are written as content"));
            message.Refuse(new("audio", "this server reads and writes text only"));
            message.Refuse(new("function_call", "use tool_calls"));
        }
        if (role == "tool") answers = message.RequiredText("tool_call_id");
        message.Done();
        if (content is null && calls is null) throw message.Bad("content", "this field is missing");
        // Templates know the older name.
        return new(role == "developer" ? "system" : role, text) { Parts = parts, Name = name, ToolCalls = calls, ToolCallId = answers, ReasoningContent = reasoning };
    }

    private static List<ChatPart> ReadParts(JsonElement list, string path)
    {
        var parts = new List<ChatPart>();
        foreach ((JsonElement item, string at) in Fields.ListOf(list, path, ServeLimits.Messages))
        {
            Fields part = new(item, at);
            string type = part.RequiredText("type");
            if (type != "text") throw new ApiException(ApiError.BadField(part.PathOf("type"), $"parts of type '{Shorten(type)}' are not supported; send text", "unsupported_parameter"));
            parts.Add(new("text", part.RequiredText("text")));
            part.Done();
        }
        return parts.Count > 0 ? parts : throw new ApiException(ApiError.BadField(path, "the content has no part"));
    }

    private static JsonElement? ReadCalls(Fields message)
    {
        if (message.List("tool_calls", ServeLimits.Tools) is not { Count: > 0 } calls) return null;
        foreach ((JsonElement item, string path) in calls)
        {
            Fields call = new(item, path);
            call.RequiredText("id");
            if (call.RequiredText("type") is not "function") throw call.Bad("type", "only calls of type 'function' are supported");
            Fields function = new(call.Required("function"), call.PathOf("function"));
            function.RequiredText("name");
            function.RequiredText("arguments");
            function.Done();
            call.Done();
        }
        return message.Required("tool_calls");
    }

    private static string Shorten(string text) => text.Length > 64 ? text[..64] + "…" : text;
}
