using System.Globalization;
using Orrery.Engine.Sampling;
using Orrery.Kernel;

namespace Orrery.Engine.Generation;

/// <summary>Drafts by finding the last few tokens earlier in the text and repeating what followed them.</summary>
/// <remarks>
/// Prompt look-up decoding (Saxena 2023, c): of the last n tokens for n from <see cref="LongestMatch"/> down to 1 the latest earlier occurrence is
/// taken. Good where the answer repeats the prompt, as in editing and summarising; costs one scan over the tokens and no model.
/// </remarks>
public sealed class PromptLookup : IDrafter
{
    /// <summary>The default number of tokens that are matched (Saxena's max_ngram_size, c).</summary>
    public const int DefaultMatch = 3;

    /// <summary>A longer draft or match is a slip of the pen.</summary>
    public const int Limit = 64;

    /// <exception cref="InputException">A number is outside 1 to 64.</exception>
    public PromptLookup(int maxTokens, int longestMatch = DefaultMatch)
    {
        MaxTokens = Checked("the draft's tokens", maxTokens);
        LongestMatch = Checked("the tokens to match", longestMatch);
    }

    /// <inheritdoc/>
    public int MaxTokens { get; }

    /// <summary>Tokens that are matched at most.</summary>
    public int LongestMatch { get; }

    /// <inheritdoc/>
    public int Propose(ReadOnlySpan<int> tokens, Span<int> proposal, ITokenMask? mask)
    {
        for (int length = Math.Min(LongestMatch, tokens.Length - 1); length > 0; length--)
        {
            ReadOnlySpan<int> end = tokens[^length..];
            int at = tokens[..^1].LastIndexOf(end);
            if (at < 0) continue;
            ReadOnlySpan<int> following = tokens[(at + length)..];
            int count = Math.Min(Math.Min(following.Length, proposal.Length), MaxTokens);
            following[..count].CopyTo(proposal);
            return count;
        }
        return 0;
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> Distribution(int index) => default;

    /// <summary>Nothing to give back.</summary>
    public void Dispose()
    {
    }

    internal static int Checked(string what, int value) => value is >= 1 and <= Limit
        ? value
        : throw new InputException(string.Create(CultureInfo.InvariantCulture, $"{what} of speculative decoding are {value}: they must lie between 1 and {Limit}"));
}
