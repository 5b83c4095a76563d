using System.Runtime.CompilerServices;

namespace Orrery.Engine.Templates;

/// <summary>The tokens of a template and the place among them.</summary>
internal sealed class TokenCursor(IReadOnlyList<TemplateToken> tokens)
{
    /// <summary>Tags within tags and expressions within expressions.</summary>
    private const int DepthLimit = 200;

    private int _at;
    private int _depth;

    public TemplateToken Current => tokens[_at];

    public TemplateToken Next => tokens[Math.Min(_at + 1, tokens.Count - 1)];

    public TemplateToken Take() => tokens[_at < tokens.Count - 1 ? _at++ : _at];

    public bool TryTakeOperator(string signs)
    {
        bool isThere = Current.IsOperator(signs);
        if (isThere) Take();
        return isThere;
    }

    public bool TryTakeName(string name)
    {
        bool isThere = Current.IsName(name);
        if (isThere) Take();
        return isThere;
    }

    public void ExpectOperator(string signs)
    {
        if (!TryTakeOperator(signs)) throw Unexpected($"'{signs}'");
    }

    public string ExpectName(string what) => Current.Kind == TokenKind.Name ? Take().Text : throw Unexpected(what);

    public void Expect(TokenKind kind, string what)
    {
        if (Current.Kind != kind) throw Unexpected(what);
        Take();
    }

    public TemplateFault Unexpected(string wanted) => new($"{wanted} is expected, but here is {Current.Describe()}", Current.Place);

    public void Enter()
    {
        if (++_depth > DepthLimit || !RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw new TemplateFault($"the template is nested deeper than {DepthLimit}", Current.Place);
    }

    public void Leave() => _depth--;
}
