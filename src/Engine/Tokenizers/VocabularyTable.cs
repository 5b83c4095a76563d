using System.Globalization;
using Orrery.Engine.Gguf;
using Orrery.Kernel;

namespace Orrery.Engine.Tokenizers;

/// <summary>The tokens of a file: text, score and kind by id.</summary>
internal sealed class VocabularyTable
{
    private const string TokensKey = "tokenizer.ggml.tokens";
    private const string ScoresKey = "tokenizer.ggml.scores";
    private const string KindsKey = "tokenizer.ggml.token_type";

    private VocabularyTable(string[] texts, float[] scores, TokenKind[] kinds)
    {
        Texts = texts;
        Scores = scores;
        Kinds = kinds;
    }

    public int Size => Texts.Length;

    public string[] Texts { get; }

    /// <summary>Log-probabilities of an SPM vocabulary; zeros where the file has none.</summary>
    public float[] Scores { get; }

    public TokenKind[] Kinds { get; }

    /// <exception cref="InputException">No tokens, or lists of different lengths.</exception>
    public static VocabularyTable Read(GgufMetadata metadata, string file)
    {
        if (metadata.Texts(TokensKey) is not { Count: > 0 } tokens) throw new InputException($"{file}: {TokensKey} is missing or empty, so there is no vocabulary; make the file again with its tokenizer");
        string[] texts = [.. tokens];
        for (int id = 0; id < texts.Length; id++)
        {
            // Two empty tokens would be one.
            if (texts[id].Length == 0) texts[id] = string.Create(CultureInfo.InvariantCulture, $"[EMPTY_{id}]");
        }
        float[] scores = metadata.Numbers(ScoresKey) ?? new float[texts.Length];
        int[]? kinds = metadata.Integers(KindsKey);
        Check(file, ScoresKey, scores.Length, texts.Length);
        if (kinds is not null) Check(file, KindsKey, kinds.Length, texts.Length);
        var table = new TokenKind[texts.Length];
        for (int id = 0; id < table.Length; id++)
            table[id] = kinds is null ? TokenKind.Normal : kinds[id] is >= (int)TokenKind.Normal and <= (int)TokenKind.Byte ? (TokenKind)kinds[id] : TokenKind.Undefined;
        return new(texts, scores, table);
    }

    private static void Check(string file, string key, int count, int tokens)
    {
        if (count < tokens) throw new InputException(string.Create(CultureInfo.InvariantCulture, $"{file}: {key} has {count} values for {tokens} tokens; make the file again"));
    }
}
