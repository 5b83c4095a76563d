using Orrery.Engine.Tokenizers;

namespace Orrery.Engine.Tests.Tokenizers;

public sealed class SpecialTokensTests
{
    private const int FirstFree = 256;

    private static VocabularyBuilder Small(string pre = "qwen2") => VocabularyBuilder.Bytes(pre).MergeOnly("a", "b");

    [Fact]
    public void Control_tokens_in_text_count_only_on_request()
    {
        Tokenizer tokenizer = Small().Token("<|im_end|>", kind: TokenKind.Control).Build();
        Assert.Equal([FirstFree, 'a'], tokenizer.Encode("<|im_end|>a", false, parseSpecial: true));
        Assert.Equal(11, tokenizer.Encode("<|im_end|>a", false, parseSpecial: false).Length);
        Assert.True(tokenizer.IsSpecial(FirstFree));
        Assert.True(tokenizer.BytesOf(FirstFree).IsEmpty);
        Assert.Equal("<|im_end|>", tokenizer.PieceOf(FirstFree));
    }

    [Fact]
    public void User_defined_tokens_always_count_and_print_as_they_are()
    {
        Tokenizer tokenizer = Small().Token("  ", kind: TokenKind.UserDefined).Build();
        Assert.Equal([FirstFree, FirstFree, ' ', 'a'], tokenizer.Encode("     a", false, false));
        Assert.Equal("     a", tokenizer.Decode(tokenizer.Encode("     a", false, false)));
    }

    [Fact]
    public void Longer_tokens_are_found_before_shorter_ones_wherever_they_stand()
    {
        Tokenizer tokenizer = Small().Token("ab", kind: TokenKind.UserDefined).Token("bcd", kind: TokenKind.UserDefined).Build();
        Assert.Equal(['a', FirstFree + 1], tokenizer.Encode("abcd", false, false));
        Assert.Equal([FirstFree, 'c'], tokenizer.Encode("abc", false, false));
    }

    [Fact]
    public void Phi_3_swallows_space_behind_its_special_tokens()
    {
        Tokenizer tokenizer = VocabularyBuilder.Pieces().Text("general.name", "Phi-3 mini").Flag("tokenizer.ggml.add_space_prefix", false)
            .Token("<|user|>", kind: TokenKind.Control).Token("a", -1).Build();
        const int user = 259;
        Assert.Equal([user, user + 1], tokenizer.Encode("<|user|> \n a", false, true));
    }

    [Fact]
    public void Ends_come_from_keys_and_from_well_known_texts()
    {
        Tokenizer tokenizer = Small().Token("<end>", kind: TokenKind.Control).Token("<|im_end|>").Token("<|endoftext|>", kind: TokenKind.Control).Token("<|file_sep|>")
            .Integer("tokenizer.ggml.eos_token_id", FirstFree).Build();
        Assert.Equal(FirstFree, tokenizer.Eos);
        Assert.Equal([FirstFree, FirstFree + 1, FirstFree + 2, FirstFree + 3], tokenizer.EndOfGeneration.Order());
        // What looks like a control token is one, whatever the file says.
        Assert.True(tokenizer.IsSpecial(FirstFree + 1));
    }

    [Fact]
    public void A_model_with_return_and_call_goes_on_behind_end()
    {
        Tokenizer tokenizer = Small("gpt-4o").Token("<|return|>", kind: TokenKind.Control).Token("<|call|>", kind: TokenKind.Control).Token("<|end|>", kind: TokenKind.Control)
            .Token("<|channel|>", kind: TokenKind.Control).Build();
        Assert.Equal([FirstFree, FirstFree + 1], tokenizer.EndOfGeneration.Order());
        Assert.Equal("<|channel|>", tokenizer.Decode([FirstFree + 3]));
    }

    [Fact]
    public void Defaults_of_SentencePiece_are_one_and_two()
    {
        Tokenizer tokenizer = VocabularyBuilder.Pieces().Build();
        Assert.Equal((1, 2), (tokenizer.Bos, tokenizer.Eos));
        Assert.True(tokenizer.AddsBos);
        Assert.Contains(2, tokenizer.EndOfGeneration);
        Assert.Null(Small().Build().Bos);
        Assert.Equal(1, tokenizer.IdOf("<s>"));
        Assert.Null(tokenizer.IdOf("nothing"));
    }
}
