using Orrery.Traffic.Requests;

namespace Orrery.Live.Load;

/// <summary>What is sent as the prompt: tokens or text.</summary>
/// <param name="Tokens">Null for text.</param>
/// <param name="Text">Null for tokens.</param>
public sealed record LoadPrompt(int[]? Tokens, string? Text);

/// <summary>Makes prompts of the length and the shared content that requests state. Equal requests of equal seeds give equal prompts. One thread at a time.</summary>
public interface IPromptMaker
{
    LoadPrompt Make(Request request);

    /// <summary>Tokens that a tool returns into the context.</summary>
    int[]? Returned(Request request, int call) => null;
}
