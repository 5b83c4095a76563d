namespace Orrery.Engine.Tokenizers;

/// <summary>What a token is, with the numbers of <c>tokenizer.ggml.token_type</c> (GGUF specification (b), as in SentencePiece's model format).</summary>
public enum TokenKind
{
    Undefined = 0,
    Normal = 1,
    Unknown = 2,

    /// <summary>Steers the model and prints nothing; matched in text only on request.</summary>
    Control = 3,

    /// <summary>Added to the vocabulary as it stands; always matched before anything else and printed as it is.</summary>
    UserDefined = 4,
    Unused = 5,

    /// <summary>One byte, written <c>&lt;0xE2&gt;</c>.</summary>
    Byte = 6,
}
