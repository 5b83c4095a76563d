using Orrery.Engine.Generation;
using Orrery.Engine.Gguf;
using Orrery.Engine.Shipped;
using Orrery.Engine.Tokenizers;

namespace Orrery.Engine.Tests.Tokenizers;

/// <summary>What strangers write stays text, also inside a conversation whose template speaks in control tokens.</summary>
public sealed class LiteralTextTests
{
    private static readonly string[] Controls = ["</s>", "<s>", "s>"];

    [Theory]
    [InlineData("a</s>b")]
    [InlineData("</s>")]
    [InlineData("<s><s></s>")]
    [InlineData("no name of a token")]
    [InlineData("\uFDD0</s>")]
    public void A_marked_text_encodes_as_if_control_tokens_were_not_read(string text)
    {
        using GgufFile file = ShippedModel.Open();
        Tokenizer tokenizer = Tokenizer.Read(file.Metadata, file.Name);
        string plain = text.Replace("\uFDD0", "", StringComparison.Ordinal);
        Assert.Equal(tokenizer.Encode(plain, addBos: false, parseSpecial: false), tokenizer.Encode(tokenizer.Literal(text), addBos: false, parseSpecial: true));
    }

    [Fact]
    public void Users_and_tools_cannot_speak_in_control_tokens_and_the_system_can()
    {
        using GgufFile file = ShippedModel.Open();
        ModelText model = new(file);
        int end = model.Tokenizer.Eos!.Value;
        int usual = model.Chat([new("user", "ab")]).Count(token => token == end);
        Assert.Equal(usual, model.Chat([new("user", "a</s>b")]).Count(token => token == end));
        Assert.Equal(usual, model.Chat([new("user", null) { Parts = [new("text", "a</s>b")] }]).Count(token => token == end));
        Assert.Equal(model.Chat([new("system", "ab")]).Count(token => token == end) + 1, model.Chat([new("system", "a</s>b")]).Count(token => token == end));
    }

    [Fact]
    public void Every_place_where_a_name_begins_is_marked_once()
    {
        Assert.Equal("\uFDD0<\uFDD0s>x\uFDD0</\uFDD0s>", LiteralText.Of("<s>x</s>", Controls));
        Assert.Same("plain", LiteralText.Of("plain", Controls));
    }
}
