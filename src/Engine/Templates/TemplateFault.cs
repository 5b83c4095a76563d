namespace Orrery.Engine.Templates;

/// <summary>What went wrong in a template, without the place: <see cref="ChatTemplate"/> adds it and makes the user's sentence of it.</summary>
internal sealed class TemplateFault : Exception
{
    public TemplateFault(string message)
        : base(message)
    {
    }

    public TemplateFault(string message, SourcePlace place)
        : base(message) => Place = place;

    /// <summary>Null when the place is that of the node being evaluated.</summary>
    public SourcePlace? Place { get; }
}

/// <summary>The template itself refuses the messages (<c>raise_exception</c>): the message is the template author's.</summary>
internal sealed class TemplateRefusal(string message) : Exception(message);

/// <summary>Line and column of a template, both counted from 1.</summary>
internal readonly record struct SourcePlace(int Line, int Column)
{
    public override string ToString() => $"line {Line}, column {Column}";
}
