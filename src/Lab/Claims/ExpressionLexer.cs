namespace Orrery.Lab.Claims;

internal enum TokenKind
{
    Number,
    Name,
    Sign,
    End,
}

/// <param name="At">Index of its first character.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int At);

/// <summary>Cuts an expression into numbers, names and signs.</summary>
internal static class ExpressionLexer
{
    /// <summary>Null with a problem (the end of a sentence) where a character has no meaning.</summary>
    public static List<Token>? TryRead(string text, out string problem)
    {
        problem = "";
        var tokens = new List<Token>();
        int at = 0;
        while (at < text.Length)
        {
            char c = text[at];
            if (char.IsWhiteSpace(c))
            {
                at++;
                continue;
            }
            int start = at;
            TokenKind kind;
            if (char.IsAsciiDigit(c) || c == '.')
            {
                // Letters behind a number are its unit: 200ms, and 1e-3.
                while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '.' || IsExponentSign(text, start, at))) at++;
                kind = TokenKind.Number;
            }
            else if (char.IsAsciiLetter(c))
            {
                while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '-' or '_' or '.')) at++;
                kind = TokenKind.Name;
            }
            else if ("<>=!".Contains(c, StringComparison.Ordinal))
            {
                while (at < text.Length && "<>=!".Contains(text[at], StringComparison.Ordinal)) at++;
                kind = TokenKind.Sign;
            }
            else if ("+-*/(),".Contains(c, StringComparison.Ordinal))
            {
                at++;
                kind = TokenKind.Sign;
            }
            else
            {
                problem = $"'{c}' at character {at + 1} has no meaning in an expression; write numbers, cells, metrics and + - * / ( )";
                return null;
            }
            tokens.Add(new(kind, text[start..at], start));
        }
        tokens.Add(new(TokenKind.End, "", text.Length));
        return tokens;
    }

    private static bool IsExponentSign(string text, int start, int at) =>
        text[at] is '+' or '-' && text[at - 1] is 'e' or 'E' && at - 1 > start && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1]);
}
