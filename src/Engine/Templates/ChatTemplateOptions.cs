using System.Text.Json;

namespace Orrery.Engine.Templates;

/// <summary>What a template is told beside the messages.</summary>
/// <param name="AddGenerationPrompt">Whether the text ends where the assistant's answer begins.</param>
/// <param name="BosToken">Text of the token that opens a sequence; null when the model has none.</param>
/// <param name="EosToken">Text of the token that ends a sequence; null when the model has none.</param>
public sealed record ChatTemplateOptions(bool AddGenerationPrompt = true, string? BosToken = null, string? EosToken = null)
{
    /// <summary>Tools on offer: the array of the OpenAI API. Null: none.</summary>
    public JsonElement? Tools { get; init; }

    /// <summary>What the template learns when it asks for the time; null: it learns that there is no clock, and takes its own default.</summary>
    public DateTime? Now { get; init; }

    /// <summary>Further variables, such as "enable_thinking"; they go before those above.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Variables { get; init; }
}
