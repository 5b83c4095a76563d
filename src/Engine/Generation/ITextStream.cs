namespace Orrery.Engine.Generation;

/// <summary>Turns tokens into text as they come.</summary>
public interface ITextStream
{
    /// <summary>The text that is complete after this token; characters of which bytes are missing wait.</summary>
    string Append(int token);

    /// <summary>What waited, when nothing more comes.</summary>
    string Flush();
}
