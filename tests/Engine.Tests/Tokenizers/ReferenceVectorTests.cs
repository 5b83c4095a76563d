using System.Text.Json;
using Orrery.Engine.Gguf;
using Orrery.Engine.Shipped;
using Orrery.Engine.Tokenizers;
using Orrery.Testing.Data;

namespace Orrery.Engine.Tests.Tokenizers;

/// <summary>Every vocabulary in the data folder that comes with texts and token ids of the reference is held against them.</summary>
public sealed class ReferenceVectorTests
{
    private const string Separator = "\n__ggml_vocab_test__\n";

    public static TheoryData<string> Vocabularies()
    {
        var names = new TheoryData<string>();
        if (PublicData.Find("tokenizers") is { } folder)
        {
            foreach (string file in Directory.GetFiles(folder, "*.gguf").Order(StringComparer.Ordinal))
            {
                if (File.Exists(file + ".inp") && File.Exists(file + ".out") && IsSupported(file)) names.Add(Path.GetFileName(file));
            }
        }
        // A theory needs a row; this one is skipped.
        if (!names.Any()) names.Add("");
        return names;
    }

    [Theory]
    [MemberData(nameof(Vocabularies))]
    public void Ids_equal_the_reference(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no vocabularies here");
        string file = PublicData.Find("tokenizers", name)!;
        using GgufFile gguf = GgufFile.Open(file);
        Tokenizer tokenizer = Tokenizer.Read(gguf.Metadata, name);
        string[] texts = File.ReadAllText(file + ".inp").Split(Separator);
        string[] lines = File.ReadAllText(file + ".out").Split('\n');
        Assert.True(texts.Length > 40);
        Assert.Equal("", texts[^1]);
        for (int i = 0; i < texts.Length - 1; i++)
        {
            int[] expected = [.. lines[i].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
            Assert.True(expected.AsSpan().SequenceEqual(tokenizer.Encode(texts[i], addBos: false, parseSpecial: false)), $"{name}: text {i} «{texts[i]}»: "
                + string.Join(' ', tokenizer.Encode(texts[i], addBos: false, parseSpecial: false)) + " but the reference has " + lines[i]);
        }
    }

    [Theory]
    [MemberData(nameof(Vocabularies))]
    public void Texts_come_back(string name)
    {
        Assert.SkipWhen(name.Length == 0, "no vocabularies here");
        string file = PublicData.Find("tokenizers", name)!;
        using GgufFile gguf = GgufFile.Open(file);
        Tokenizer tokenizer = Tokenizer.Read(gguf.Metadata, name);
        foreach (string text in File.ReadAllText(file + ".inp").Split(Separator))
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text, addBos: true, parseSpecial: false)));
    }

    [Fact]
    public void Prompts_of_the_shipped_model_equal_the_reference()
    {
        string? path = PublicData.Find("tiny-model", "reference-q8_0.json");
        Assert.SkipWhen(path is null, "no reference here");
        using GgufFile file = ShippedModel.Open();
        Tokenizer tokenizer = Tokenizer.Read(file.Metadata, file.Name);
        using JsonDocument reference = JsonDocument.Parse(File.ReadAllText(path));
        foreach (JsonElement row in reference.RootElement.GetProperty("rows").EnumerateArray())
        {
            int[] expected = [.. row.GetProperty("prompt_tokens").EnumerateArray().Select(id => id.GetInt32())];
            string prompt = row.GetProperty("prompt").GetString()!;
            Assert.Equal(expected, tokenizer.Encode(prompt, addBos: true, parseSpecial: false));
            Assert.Equal(prompt, tokenizer.Decode(expected));
            int[] answer = [.. row.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("id").GetInt32())];
            var decoder = new StreamingDecoder(tokenizer, continues: true);
            Assert.Equal(row.GetProperty("text").GetString(), string.Concat(answer.Select(decoder.Append)) + decoder.Flush());
        }
    }

    private static bool IsSupported(string file)
    {
        using GgufFile gguf = GgufFile.Open(file);
        return gguf.Metadata.Text("tokenizer.ggml.model") is "llama" or "gpt2";
    }
}
