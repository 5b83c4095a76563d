using Orrery.Engine.Generation;
using Orrery.Engine.Gguf;
using Orrery.Engine.Shipped;
using Orrery.Engine.Templates;

namespace Orrery.Engine.Tests.Generation;

public sealed class ModelTextTests
{
    [Fact]
    public void Text_streams_as_it_decodes()
    {
        using GgufFile file = ShippedModel.Open();
        var model = new ModelText(file);
        const string text = "In the beginning God created the heaven — and the earth. 😀";
        int[] ids = model.Prompt(text, parseSpecial: false);
        Assert.Equal(model.Tokenizer.Bos, ids[0]);
        foreach (bool continues in new[] { false, true })
        {
            var stream = new TokenText(model.Tokenizer, continues, showsSpecial: false);
            string streamed = string.Concat(ids.Select(stream.Append)) + stream.Flush();
            Assert.Equal((continues ? " " : "") + text, streamed);
        }
    }

    [Fact]
    public void Control_tokens_show_when_asked()
    {
        using GgufFile file = ShippedModel.Open();
        var model = new ModelText(file);
        int end = model.Tokenizer.Eos!.Value;
        Assert.Equal("", new TokenText(model.Tokenizer, continues: true, showsSpecial: false).Append(end));
        Assert.Equal(model.Tokenizer.PieceOf(end), new TokenText(model.Tokenizer, continues: true, showsSpecial: true).Append(end));
    }

    [Fact]
    public void A_conversation_without_a_template_is_ChatML_with_one_beginning()
    {
        using GgufFile file = ShippedModel.Open();
        var model = new ModelText(file);
        Assert.Null(model.Template);
        int[] ids = model.Chat([new ChatMessage("user", "Who art thou?")]);
        Assert.Equal(1, ids.Count(id => id == model.Tokenizer.Bos));
        Assert.Equal("<|im_start|>user\nWho art thou?<|im_end|>\n<|im_start|>assistant\n", model.Tokenizer.Decode(ids));
    }
}
