using System.Globalization;
using Orrery.Engine.Gguf;

namespace Orrery.Engine.Making;

/// <summary>Made-up vocabularies with which tokenizers work: all bytes, the letters, then their combinations, shortest first.</summary>
/// <remarks>Token types and keys as model files carry them (b); the pieces are our own (d). Every piece can be built from two shorter ones.</remarks>
internal static class MadeVocabulary
{
    /// <summary>The least number of tokens: three marks, 256 bytes, a word's beginning and the printable letters of ASCII.</summary>
    public const int LeastTokens = 3 + 256 + 1 + 94;

    private const string Letters = "etaoinsrhldcumfpgwybvkxjqz";
    private const string WordMark = "\u2581";

    /// <summary>How byte-level vocabularies write a blank: 32 shifted into the printable letters.</summary>
    private const string BlankByte = "\u0120";

    private const int Normal = 1;
    private const int Unknown = 2;
    private const int Control = 3;
    private const int Byte = 6;

    /// <summary>Scored pieces, as in Llama 2: <c>&lt;unk&gt;</c>, <c>&lt;s&gt;</c>, <c>&lt;/s&gt;</c>, the bytes, the letters, their combinations.</summary>
    public static void WritePieces(GgufWriter writer, int count)
    {
        List<string> tokens = ["<unk>", "<s>", "</s>"];
        List<int> types = [Unknown, Control, Control];
        for (int value = 0; value < 256; value++)
        {
            tokens.Add(string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>"));
            types.Add(Byte);
        }
        int scored = tokens.Count;
        tokens.Add(WordMark);
        for (char letter = '!'; letter <= '~'; letter++) tokens.Add(letter.ToString());
        foreach ((string left, string right) in Pairs(WordMark))
        {
            if (tokens.Count == count) break;
            tokens.Add(left + right);
        }
        PadWith(tokens, count);
        while (types.Count < count) types.Add(Normal);
        writer.Set("tokenizer.ggml.model", "llama").Set("tokenizer.ggml.pre", "default")
            .Set("tokenizer.ggml.tokens", tokens)
            .Set("tokenizer.ggml.scores", [.. tokens.Select((_, id) => id < scored ? 0f : scored - id)])
            .Set("tokenizer.ggml.token_type", types)
            .Set("tokenizer.ggml.bos_token_id", 1u).Set("tokenizer.ggml.eos_token_id", 2u).Set("tokenizer.ggml.unknown_token_id", 0u)
            .Set("tokenizer.ggml.add_bos_token", true).Set("tokenizer.ggml.add_eos_token", false).Set("tokenizer.ggml.add_space_prefix", true);
    }

    /// <summary>Byte-level pairs, as in Qwen: the bytes, merged pairs, and at the end the marks of ChatML.</summary>
    public static void WriteBytePairs(GgufWriter writer, int count, string pretokenizer)
    {
        string[] marks = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
        List<string> tokens = [.. Enumerable.Range(0, 256).Select(ByteLetter)];
        List<string> merges = [];
        foreach ((string left, string right) in Pairs(BlankByte))
        {
            if (tokens.Count == count - marks.Length) break;
            tokens.Add(left + right);
            merges.Add($"{left} {right}");
        }
        PadWith(tokens, count - marks.Length);
        int first = tokens.Count;
        tokens.AddRange(marks);
        writer.Set("tokenizer.ggml.model", "gpt2").Set("tokenizer.ggml.pre", pretokenizer)
            .Set("tokenizer.ggml.tokens", tokens)
            .Set("tokenizer.ggml.token_type", [.. tokens.Select((_, id) => id < first ? Normal : Control)])
            .Set("tokenizer.ggml.merges", merges)
            .Set("tokenizer.ggml.bos_token_id", (uint)first).Set("tokenizer.ggml.eos_token_id", (uint)first + 2).Set("tokenizer.ggml.padding_token_id", (uint)first)
            .Set("tokenizer.ggml.add_bos_token", false);
    }

    /// <summary>The letter for a byte in byte-level vocabularies: itself where it prints, else the next free letter from U+0100.</summary>
    private static string ByteLetter(int value)
    {
        if (Prints(value)) return ((char)value).ToString();
        int shifted = 256;
        for (int before = 0; before < value; before++)
            if (!Prints(before)) shifted++;
        return ((char)shifted).ToString();
    }

    private static bool Prints(int value) => value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);

    /// <summary>Each combination as the two pieces that it is merged from: pairs, word beginnings, then threes.</summary>
    private static IEnumerable<(string Left, string Right)> Pairs(string mark)
    {
        foreach (char a in Letters) yield return (mark, a.ToString());
        foreach (char a in Letters)
            foreach (char b in Letters) yield return (a.ToString(), b.ToString());
        foreach (char a in Letters)
            foreach (char b in Letters) yield return ($"{mark}{a}", b.ToString());
        foreach (char a in Letters)
        {
            foreach (char b in Letters)
            {
                foreach (char c in Letters)
                {
                    yield return ($"{mark}{a}{b}", c.ToString());
                    yield return ($"{a}{b}", c.ToString());
                }
            }
        }
    }

    /// <summary>Large vocabularies end with names that no text contains.</summary>
    private static void PadWith(List<string> tokens, int count)
    {
        while (tokens.Count < count) tokens.Add(string.Create(CultureInfo.InvariantCulture, $"<spare{tokens.Count}>"));
    }
}
