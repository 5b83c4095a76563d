namespace Orrery.Engine.Templates;

internal enum TokenKind
{
    Text,
    ExpressionBegin,
    ExpressionEnd,
    BlockBegin,
    BlockEnd,
    Name,
    String,
    Integer,
    Float,
    Operator,
    End,
}

/// <summary>One piece of a template: literal text, the borders of tags, or a word inside a tag.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">The text, the name, the operator's signs, the digits, or a string literal with its escapes resolved.</param>
/// <param name="Place">Where it begins.</param>
internal readonly record struct TemplateToken(TokenKind Kind, string Text, SourcePlace Place)
{
    public bool IsName(string name) => Kind == TokenKind.Name && Text == name;

    public bool IsOperator(string signs) => Kind == TokenKind.Operator && Text == signs;

    public string Describe() => Kind switch
    {
        TokenKind.End => "the end of the template",
        TokenKind.ExpressionEnd => "'}}'",
        TokenKind.BlockEnd => "'%}'",
        TokenKind.Text => "text",
        _ => $"'{Text}'",
    };
}
