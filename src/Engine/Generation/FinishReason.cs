namespace Orrery.Engine.Generation;

/// <summary>Why an answer ended.</summary>
public enum FinishReason
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>A stop string came.</summary>
    StopString,

    /// <summary>The model chose a token that ends the generation.</summary>
    EndOfGeneration,

    /// <summary>As many tokens as were wanted, or as the context holds.</summary>
    Length,

    /// <summary>Nothing may follow by the grammar.</summary>
    GrammarComplete,

    /// <summary>The caller cancelled.</summary>
    Cancelled,
}
