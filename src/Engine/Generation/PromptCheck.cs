using System.Globalization;
using Orrery.Kernel;

namespace Orrery.Engine.Generation;

/// <summary>Whether a model can take a prompt, before anything is computed.</summary>
public static class PromptCheck
{
    /// <exception cref="InputException">The prompt is empty, has unknown tokens, or leaves no room for an answer.</exception>
    public static void Throw(ReadOnlySpan<int> prompt, int vocabulary, int contextTokens)
    {
        if (prompt.IsEmpty) throw new InputException("the prompt has no tokens: give it some text");
        if (prompt.Length >= contextTokens)
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"the prompt has {prompt.Length} tokens, but the model's context holds {contextTokens} and the answer needs at least one: shorten the prompt"));
        }
        foreach (int token in prompt)
        {
            if (token >= 0 && token < vocabulary) continue;
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"the prompt has token {token}, but the model's tokens are 0 to {vocabulary - 1}"));
        }
    }
}
