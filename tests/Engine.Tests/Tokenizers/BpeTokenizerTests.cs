using FsCheck;
using FsCheck.Fluent;
using Orrery.Engine.Tokenizers;
using Orrery.Kernel;

namespace Orrery.Engine.Tests.Tokenizers;

public sealed class BpeTokenizerTests
{
    private const int FirstFree = 256;

    /// <summary>Texts with everything that splits: spaces, digits, signs, contractions, letters of several scripts, emoji, lone surrogates left out.</summary>
    internal static readonly Gen<string> Texts = Gen.OneOf(
            Gen.Elements(" ", "  ", "\n", "\r\n", "\t", "'s", "'RE", "\u00A0", "\u3000", "\u2028", "\u0085"),
            Gen.Elements("a", "Z", "é", "ß", "ж", "中", "あ", "가", "ក", "\u0301", "\u200D", "🚀", "😶‍🌫️", "𝔘", "𐐀"),
            Gen.Elements("0", "7", "33", "½", "٣", "!", "?", "~", "$", "…", "～", "_", "€", "\0", "\u001C"),
            Gen.Choose(0x20, 0x1FFFF).Where(point => point is < 0xD800 or > 0xDFFF).Select(char.ConvertFromUtf32))
        .ListOf().Select(string.Concat);

    [Fact]
    public void Merges_go_by_rank_then_from_the_left()
    {
        // "aaa": the pair (a, a) stands twice with one rank; the left one wins. "abc": b+c comes before a+b.
        Tokenizer tokenizer = VocabularyBuilder.Bytes("gpt-2").Merge("b", "c").Merge("a", "b").Merge("a", "a").Build();
        Assert.Equal([FirstFree + 2, 'a'], tokenizer.Encode("aaa", false, false));
        Assert.Equal(['a', FirstFree], tokenizer.Encode("abc", false, false));
        Assert.Equal([FirstFree + 1, 'd'], tokenizer.Encode("abd", false, false));
    }

    [Fact]
    public void A_merge_that_makes_no_token_falls_back_to_bytes()
    {
        Tokenizer tokenizer = VocabularyBuilder.Bytes("gpt-2").MergeOnly("a", "b").Merge("ab", "c").Build();
        Assert.Equal(['a', 'b'], tokenizer.Encode("ab", false, false));
        Assert.Equal([FirstFree], tokenizer.Encode("abc", false, false));
    }

    [Fact]
    public void Words_that_are_tokens_skip_the_merges_where_the_name_says_so()
    {
        Assert.Equal([FirstFree], VocabularyBuilder.Bytes("llama-bpe").Token("abc").Merge("b", "c").Build().Encode("abc", false, false));
        Assert.Equal(['a', FirstFree + 1], VocabularyBuilder.Bytes("qwen2").Token("abc").Merge("b", "c").Build().Encode("abc", false, false));
    }

    [Fact]
    public void Begin_is_added_where_the_name_or_the_file_says_so()
    {
        VocabularyBuilder With(string pre) => VocabularyBuilder.Bytes(pre).Token("<b>", kind: TokenKind.Control).Merge("a", "b").Integer("tokenizer.ggml.bos_token_id", FirstFree);
        Assert.Equal([FirstFree, 'x'], With("llama3").Build().Encode("x", true, false));
        Assert.Equal(['x'], With("llama3").Build().Encode("x", false, false));
        Assert.Equal(['x'], With("qwen2").Build().Encode("x", true, false));
        Assert.Equal([FirstFree, 'x'], With("qwen2").Flag("tokenizer.ggml.add_bos_token", true).Build().Encode("x", true, false));
        Assert.False(With("llama3").Flag("tokenizer.ggml.add_bos_token", false).Build().AddsBos);
        Assert.False(VocabularyBuilder.Bytes("llama3").Merge("a", "b").Build().AddsBos);
    }

    [Fact]
    public void Every_text_comes_back()
    {
        foreach (string pre in (string[])["default", "gpt-2", "llama-bpe", "qwen2", "gpt-4o", "tekken", "deepseek-v3", "deepseek-llm", "bloom", "superbpe"])
        {
            Tokenizer tokenizer = VocabularyBuilder.Bytes(pre).Merge("a", "a").Merge("Ġ", "a").Merge("0", "7").Merge("Ã", "©").Merge("aa", "aa").Build();
            Properties.Check(Texts, text => tokenizer.Decode(tokenizer.Encode(text, true, true)) == text);
        }
    }

    [Fact]
    public void Long_runs_take_time_in_proportion()
    {
        const int length = 100_000;
        VocabularyBuilder builder = VocabularyBuilder.Bytes("gpt-2");
        for (string run = "a"; run.Length < 64; run += run) builder.Merge(run, run);
        int[] ids = builder.Build().Encode(new string('a', length), false, false);
        Assert.Equal((length + 63) / 64, ids.Length);
    }

    [Fact]
    public void Calls_from_several_threads_agree()
    {
        Tokenizer tokenizer = VocabularyBuilder.Bytes("llama-bpe").Merge("a", "b").Merge("ab", "ab").Build();
        string[] texts = [.. Enumerable.Range(0, 200).Select(i => string.Concat(Enumerable.Repeat("ab ", i)))];
        int[][] alone = [.. texts.Select(text => tokenizer.Encode(text, true, true))];
        int[][] together = [.. texts.AsParallel().AsOrdered().Select(text => tokenizer.Encode(text, true, true))];
        Assert.Equal(alone, together);
    }

    [Fact]
    public void Mistakes_are_told_in_one_sentence()
    {
        string Message(VocabularyBuilder builder) => Assert.Throws<InputException>(builder.Build).Message;
        Assert.Contains("pre-tokeniser 'qwen3' (tokenizer.ggml.pre) is not supported; did you mean 'qwen2'?", Message(VocabularyBuilder.Bytes("qwen3").Merge("a", "b")), StringComparison.Ordinal);
        Assert.Contains("tokenizer.ggml.merges is missing", Message(VocabularyBuilder.Bytes("gpt-2")), StringComparison.Ordinal);
        Assert.Contains("'bert' (WordPiece) is not supported; supported: llama", Message(new VocabularyBuilder("bert").Token("a")), StringComparison.Ordinal);
        Assert.Contains("tokenizer.ggml.tokens is missing or empty", Message(new VocabularyBuilder("llama")), StringComparison.Ordinal);
        Assert.Contains("tokenizer.ggml.bos_token_id is 9999", Message(VocabularyBuilder.Bytes("gpt-2").Merge("a", "b").Integer("tokenizer.ggml.bos_token_id", 9999)), StringComparison.Ordinal);
    }
}
