using Orrery.Engine.Generation;

namespace Orrery.Engine.Tests.Generation;

/// <summary>Token t prints the t-th letter; with <paramref name="delay"/> every letter waits for the next token.</summary>
internal sealed class LetterText(bool delay = false) : ITextStream
{
    private string _waiting = "";

    public string Append(int token)
    {
        string letter = Letter(token);
        if (!delay) return letter;
        string ready = _waiting;
        _waiting = letter;
        return ready;
    }

    public string Flush() => _waiting;

    public static string Letter(int token) => ((char)('a' + token)).ToString();
}
