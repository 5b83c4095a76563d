using System.Text.Json;

namespace Orrery.Engine.Templates;

/// <summary>One message of a conversation.</summary>
/// <param name="Role">Who speaks: system, user, assistant, tool, or whatever the template knows.</param>
/// <param name="Content">What is said; null where only tools are called or <see cref="Parts"/> hold it.</param>
public sealed record ChatMessage(string Role, string? Content)
{
    /// <summary>The content in parts, instead of <see cref="Content"/>.</summary>
    public IReadOnlyList<ChatPart>? Parts { get; init; }

    /// <summary>Calls of tools that the assistant made: the array of the OpenAI API. Arguments given as JSON text are handed to the template as the object they hold.</summary>
    public JsonElement? ToolCalls { get; init; }

    /// <summary>Which call a message of role tool answers.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>The speaker's or the tool's name.</summary>
    public string? Name { get; init; }

    /// <summary>What the assistant thought before it spoke, kept apart from the content.</summary>
    public string? ReasoningContent { get; init; }
}

/// <summary>A part of a message's content.</summary>
/// <param name="Type">Its kind, such as "text" or "image".</param>
/// <param name="Text">The text; null for other kinds.</param>
public sealed record ChatPart(string Type, string? Text);
