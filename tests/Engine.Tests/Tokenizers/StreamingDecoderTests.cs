using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Orrery.Engine.Tokenizers;

namespace Orrery.Engine.Tests.Tokenizers;

public sealed class StreamingDecoderTests
{
    private static readonly Tokenizer Bytes = VocabularyBuilder.Bytes("gpt-2").MergeOnly("a", "b").Build();

    [Fact]
    public void An_incomplete_character_is_held_back()
    {
        var decoder = new StreamingDecoder(Bytes);
        byte[] rocket = Encoding.UTF8.GetBytes("🚀");
        Assert.Equal("", decoder.Append(rocket[0]));
        Assert.Equal("", decoder.Append(rocket[1]));
        Assert.Equal("", decoder.Append(rocket[2]));
        Assert.Equal("🚀", decoder.Append(rocket[3]));
        Assert.Equal("", decoder.Flush());
    }

    [Fact]
    public void What_cannot_become_a_character_is_replaced_once_that_is_sure()
    {
        var decoder = new StreamingDecoder(Bytes);
        Assert.Equal("", decoder.Append(0xF0));
        Assert.Equal("", decoder.Append(0x9F));
        Assert.Equal("\uFFFDa", decoder.Append('a'));
        Assert.Equal("\uFFFD", decoder.Append(0x80));
        Assert.Equal("", decoder.Append(0xE2));
        Assert.Equal("\uFFFD", decoder.Flush());
    }

    [Fact]
    public void The_parts_together_are_the_whole()
    {
        Gen<int[]> ids = Gen.OneOf(Gen.Choose(0, 255), Gen.Elements(0xF0, 0x9F, 0x9A, 0x80, 0xC3, 0xA9, 0xE2, 0x96)).ArrayOf();
        Properties.Check(ids, tokens =>
        {
            var decoder = new StreamingDecoder(Bytes);
            string parts = string.Concat(tokens.Select(decoder.Append)) + decoder.Flush();
            byte[] all = [.. tokens.Select(token => (byte)token)];
            return parts == Encoding.UTF8.GetString(all) && parts == Bytes.Decode(tokens);
        }, 500);
    }
}
