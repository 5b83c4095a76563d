using System.Text.Json;
using Orrery.Kernel;

namespace Orrery.Engine.Templates;

/// <summary>Messages and JSON as values of a template.</summary>
internal static class MessageValues
{
    private const int JsonDepthLimit = 64;

    /// <param name="message">The message.</param>
    /// <param name="takesParts">Whether the template reads content in parts; otherwise parts of text become lines of one text.</param>
    public static TemplateMap Of(ChatMessage message, bool takesParts)
    {
        var map = new TemplateMap();
        map.Set("role", message.Role);
        map.Set("content", Content(message, takesParts));
        if (message.ReasoningContent is not null) map.Set("reasoning_content", message.ReasoningContent);
        if (message.Name is not null) map.Set("name", message.Name);
        if (message.ToolCallId is not null) map.Set("tool_call_id", message.ToolCallId);
        if (message.ToolCalls is { ValueKind: not JsonValueKind.Null and not JsonValueKind.Undefined } calls)
        {
            if (calls.ValueKind != JsonValueKind.Array) throw new InputException("the tool calls of a message must be a JSON array");
            map.Set("tool_calls", new TemplateSequence(calls.EnumerateArray().Select(ToolCall).ToArray()));
        }
        return map;
    }

    public static object? Of(JsonElement json, int depth = 0)
    {
        if (depth > JsonDepthLimit) throw new InputException($"the JSON given to the chat template is nested deeper than {JsonDepthLimit}");
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                var map = new TemplateMap();
                foreach (JsonProperty property in json.EnumerateObject()) map.Set(property.Name, Of(property.Value, depth + 1));
                return map;
            case JsonValueKind.Array:
                return new TemplateSequence(json.EnumerateArray().Select(item => Of(item, depth + 1)).ToArray());
            case JsonValueKind.String:
                return json.GetString();
            case JsonValueKind.Number:
                return json.TryGetInt64(out long whole) ? (object)whole : json.GetDouble();
            case JsonValueKind.True:
                return true;
            case JsonValueKind.False:
                return false;
            default:
                return null;
        }
    }

    private static object? Content(ChatMessage message, bool takesParts)
    {
        if (message.Parts is not { } parts) return message.Content;
        if (takesParts) return new TemplateSequence(parts.Select(Part).ToArray());
        if (parts.FirstOrDefault(part => part.Text is null) is { } other) throw new InputException($"the chat template of this model takes text only, but a message has a part of type '{other.Type}'");
        return string.Join('\n', parts.Select(part => part.Text));
    }

    private static object? Part(ChatPart part)
    {
        var map = new TemplateMap();
        map.Set("type", part.Type);
        if (part.Text is not null) map.Set("text", part.Text);
        return map;
    }

    private static object? ToolCall(JsonElement call)
    {
        object? value = Of(call);
        if (value is not TemplateMap map || !map.TryGet("function", out object? found) || found is not TemplateMap function) return value;
        if (!function.TryGet("arguments", out object? arguments) || arguments is not string text) return value;
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind == JsonValueKind.Object) function.Set("arguments", Of(document.RootElement));
        }
        catch (Exception notJson) when (notJson is JsonException or InvalidOperationException)
        {
            // Half a surrogate pair counts as well. A model may have written arguments that are not JSON: the template gets the text as it is.
        }
        return value;
    }
}
