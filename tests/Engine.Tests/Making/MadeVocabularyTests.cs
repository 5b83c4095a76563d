using Orrery.Engine.Gguf;
using Orrery.Engine.Making;

namespace Orrery.Engine.Tests.Making;

public sealed class MadeVocabularyTests
{
    [Theory]
    [InlineData(354)]
    [InlineData(512)]
    [InlineData(32000)]
    [InlineData(50000)]
    public void Pieces_are_unique_and_every_byte_is_there(int count)
    {
        using GgufFile file = Written(writer => MadeVocabulary.WritePieces(writer, count));
        IReadOnlyList<string> tokens = file.Metadata.Texts("tokenizer.ggml.tokens")!;
        Assert.Equal(count, tokens.Count);
        Assert.Equal(count, tokens.Distinct().Count());
        Assert.Equal("<0x0A>", tokens[3 + 10]);
        int[] types = file.Metadata.Integers("tokenizer.ggml.token_type")!;
        Assert.Equal([2, 3, 3, 6, 6, 6], types[..6]);
        Assert.Equal(256, types.Count(type => type == 6));
        float[] scores = file.Metadata.Numbers("tokenizer.ggml.scores")!;
        // Shorter pieces come first and score higher, so that every longer one can be merged from them.
        var byText = tokens.Select((text, id) => (text, id)).ToDictionary(entry => entry.text, entry => entry.id);
        for (int id = 3 + 256; id < count; id++)
        {
            if (tokens[id].Length < 2 || tokens[id][0] == '<') continue;
            Assert.True(scores[byText[tokens[id][..^1]]] > scores[id]);
            Assert.True(scores[byText[tokens[id][^1..]]] > scores[id]);
        }
    }

    [Theory]
    [InlineData(512)]
    [InlineData(32000)]
    public void Merges_lead_to_every_token(int count)
    {
        using GgufFile file = Written(writer => MadeVocabulary.WriteBytePairs(writer, count, "qwen2"));
        IReadOnlyList<string> tokens = file.Metadata.Texts("tokenizer.ggml.tokens")!;
        Assert.Equal(count, tokens.Distinct().Count());
        // The byte map of GPT-2: a blank, a line feed and an exclamation mark.
        Assert.Equal(["\u0120", "\u010A", "!"], [tokens[32], tokens[10], tokens[33]]);
        Assert.Equal("<|im_end|>", tokens[(int)file.Metadata.Integer("tokenizer.ggml.eos_token_id")!]);
        HashSet<string> known = [.. tokens.Take(256)];
        foreach (string merge in file.Metadata.Texts("tokenizer.ggml.merges")!)
        {
            string[] sides = merge.Split(' ');
            Assert.Equal(2, sides.Length);
            Assert.All(sides, side => Assert.Contains(side, known));
            known.Add(sides[0] + sides[1]);
        }
        Assert.All(tokens.Where(token => token[0] != '<' || token.Length == 1), token => Assert.Contains(token, known));
    }

    private static GgufFile Written(Action<GgufWriter> write)
    {
        var writer = new GgufWriter();
        write(writer);
        using var stream = new MemoryStream();
        writer.Write(stream);
        return GgufFile.FromBytes(stream.ToArray(), "vocabulary");
    }
}
