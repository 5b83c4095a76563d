using FsCheck;
using FsCheck.Fluent;
using Orrery.Engine.Tokenizers;

namespace Orrery.Engine.Tests.Tokenizers;

public sealed class SpmTokenizerTests
{
    private const int FirstByte = 3;
    private const int FirstFree = FirstByte + 256;

    [Fact]
    public void The_best_score_merges_first_and_the_leftmost_among_equals()
    {
        Tokenizer tokenizer = VocabularyBuilder.Pieces().Flag("tokenizer.ggml.add_space_prefix", false)
            .Token("a", -5).Token("b", -5).Token("c", -5).Token("ab", -2).Token("bc", -1).Token("aa", -3).Build();
        Assert.Equal([FirstFree, FirstFree + 4], tokenizer.Encode("abc", false, false));
        Assert.Equal([FirstFree + 3, FirstFree], tokenizer.Encode("aba", false, false));
        Assert.Equal([FirstFree + 5, FirstFree], tokenizer.Encode("aaa", false, false));
    }

    [Fact]
    public void Characters_without_a_token_become_bytes()
    {
        Tokenizer tokenizer = VocabularyBuilder.Pieces().Flag("tokenizer.ggml.add_space_prefix", false).Build();
        Assert.Equal([FirstByte + 0xC3, FirstByte + 0xA9], tokenizer.Encode("é", false, false));
    }

    [Fact]
    public void A_text_begins_with_a_mark_and_comes_back_without_it()
    {
        Tokenizer tokenizer = VocabularyBuilder.Pieces().Token("\u2581", -9).Token("\u2581a", -1).Token("a", -2).Build();
        int[] ids = tokenizer.Encode("a a", true, false);
        Assert.Equal([1, FirstFree + 1, FirstFree + 1], ids);
        Assert.Equal("a a", tokenizer.Decode(ids));
        Assert.Equal(" a", string.Concat(new StreamingDecoder(tokenizer, continues: true).Append(FirstFree + 1)));
        Assert.Equal([1], tokenizer.Encode("", true, false));
    }

    [Fact]
    public void A_text_behind_a_special_token_begins_with_a_mark_too()
    {
        Tokenizer tokenizer = VocabularyBuilder.Pieces().Token("\u2581", -9).Token("a", -2).Token("<x>", kind: TokenKind.UserDefined).Build();
        Assert.Equal([FirstFree, FirstFree + 1, FirstFree + 2, FirstFree, FirstFree + 1], tokenizer.Encode("a<x>a", false, false));
    }

    [Fact]
    public void Marks_within_tokens_are_merged_over()
    {
        // A token with a mark behind a letter forbids cutting the text into words.
        Tokenizer tokenizer = VocabularyBuilder.Pieces().Flag("tokenizer.ggml.add_space_prefix", false).Token("a", -2).Token("\u2581", -2).Token("a\u2581", -1).Token("a\u2581a", -1).Build();
        Assert.Equal([FirstFree + 3], tokenizer.Encode("a a", false, false));
    }

    [Fact]
    public void Every_text_comes_back()
    {
        Tokenizer tokenizer = VocabularyBuilder.Pieces().Token("\u2581", -3).Token("\u2581\u2581", -2).Token("a", -4).Token("\u2581a", -1).Token("é", -5).Token("aé", -6).Build();
        // The mark itself is read as a space.
        Gen<string> texts = BpeTokenizerTests.Texts.Select(text => text.Replace("\u2581", "", StringComparison.Ordinal));
        Properties.Check(texts, text => tokenizer.Decode(tokenizer.Encode(text, true, false)) == text);
    }

    [Theory]
    [InlineData("a")]
    [InlineData(" ")]
    [InlineData("é")]
    public void Long_runs_take_time_in_proportion(string sign)
    {
        const int length = 100_000;
        VocabularyBuilder builder = VocabularyBuilder.Pieces().Flag("tokenizer.ggml.add_space_prefix", false);
        string run = sign.Replace(' ', '\u2581');
        for (int count = 1; count <= 32; count *= 2, run += run) builder.Token(run, count);
        Assert.Equal(length / 32, builder.Build().Encode(string.Concat(Enumerable.Repeat(sign, length)), false, false).Length);
    }
}
