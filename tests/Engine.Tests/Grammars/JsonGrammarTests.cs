using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Engine.Grammars;
using Orrery.Engine.Sampling;
using Orrery.Kernel;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Grammars;

public sealed class JsonGrammarTests
{
    private static readonly TokenVocabulary Vocabulary = ToyVocabulary.Instance;

    public static TheoryData<string> Schemas() => [.. SampleSchemas.All];

    [Theory]
    [MemberData(nameof(Schemas))]
    public void Whatever_is_let_through_is_valid_and_no_way_is_a_dead_end(string schema)
    {
        JsonElement root = JsonDocument.Parse(schema).RootElement;
        JsonGrammar grammar = JsonGrammar.Compile(schema, Vocabulary);
        for (int walk = 0; walk < 25; walk++)
        {
            string text = Walk(grammar.Restart(), RandomStream.Root(7).Split(schema).Split(walk));
            using JsonDocument value = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 2000 });
            Assert.True(SchemaValidator.Holds(root, value.RootElement, root), text);
        }
    }

    [Theory]
    [MemberData(nameof(Schemas))]
    public void Every_valid_document_passes_however_it_is_cut_into_tokens(string schema)
    {
        JsonElement root = JsonDocument.Parse(schema).RootElement;
        JsonGrammar grammar = JsonGrammar.Compile(schema, Vocabulary);
        RandomStream chance = RandomStream.Root(11).Split(schema);
        var relaxed = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        var indented = new JsonSerializerOptions { WriteIndented = true, NewLine = "\n" };
        for (int i = 0; i < 60; i++)
        {
            JsonNode? value = SchemaValues.Make(root, root, chance);
            foreach (JsonSerializerOptions? options in new[] { null, relaxed, indented })
            {
                string text = JsonSerializer.Serialize(value, options);
                Assert.True(Accepts(grammar, text, chance), text);
            }
        }
    }

    [Theory]
    [InlineData("""{"type":"string"}""", "\"\\ud800\"")]
    [InlineData("""{"type":"string"}""", "\"\\udc00\"")]
    [InlineData("""{"type":"string"}""", "\"a\nb\"")]
    [InlineData("""{"type":"string"}""", "\"\\x\"")]
    [InlineData("""{"type":"string","maxLength":1}""", "\"\\u0061b\"")]
    [InlineData("""{"type":"number"}""", "01")]
    [InlineData("""{"type":"number"}""", "1.")]
    [InlineData("""{"type":"number"}""", "+1")]
    [InlineData("""{"type":"number"}""", ".5")]
    [InlineData("""{"type":"integer"}""", "1.0")]
    [InlineData("""{"type":"integer","minimum":-17,"maximum":1234}""", "-18")]
    [InlineData("""{"type":"integer","minimum":-17,"maximum":1234}""", "1235")]
    [InlineData("""{"type":"integer","minimum":-17,"maximum":1234}""", "-0")]
    [InlineData("""{"type":"array","maxItems":1}""", "[1,2]")]
    [InlineData("""{"type":"array","minItems":1}""", "[]")]
    [InlineData("""{"type":"array"}""", "[1,]")]
    [InlineData("""{"type":"object","properties":{"a":true},"required":["a"]}""", "{}")]
    [InlineData("""{"type":"object","properties":{"a":true}}""", "{\"b\":1}")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"null"}},"additionalProperties":{"type":"integer"}}""", "{\"\\u0061\":1}")]
    [InlineData("""{"type":"object"}""", "{\"a\":1,}")]
    [InlineData("""{"type":"object"}""", " {}")]
    [InlineData("""{"type":"object"}""", "{  }")]
    [InlineData("""{"const":"ab"}""", "\"abc\"")]
    [InlineData("""{"type":"string","pattern":"^a$"}""", "\"aa\"")]
    [InlineData("""{"type":"string","format":"date"}""", "\"2024-02-31\"")]
    public void What_is_invalid_does_not_pass(string schema, string text) =>
        Assert.False(Accepts(JsonGrammar.Compile(schema, Vocabulary), text, RandomStream.Root(1)));

    [Theory]
    [InlineData(new byte[] { 0xC0, 0x80 })]
    [InlineData(new byte[] { 0xE0, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData(new byte[] { 0xF5, 0x80, 0x80, 0x80 })]
    [InlineData(new byte[] { 0x80 })]
    [InlineData(new byte[] { 0xC3, (byte)'"' })]
    public void Only_well_formed_utf8_stands_in_strings(byte[] bytes)
    {
        JsonGrammar mask = JsonGrammar.Compile("""{"type":"string"}""", Vocabulary);
        Assert.True(mask.TryAccept(TokenOf([(byte)'"'])));
        Assert.Contains(bytes, value => !mask.TryAccept(TokenOf([value])));
    }

    [Fact]
    public void Bounded_integers_are_exactly_those_of_the_range()
    {
        RandomStream chance = RandomStream.Root(3);
        for (int round = 0; round < 15; round++)
        {
            int least = chance.NextInt(4000) - 2000;
            int most = least + chance.NextInt(3000);
            JsonGrammar grammar = JsonGrammar.Compile($$"""{"type":"integer","minimum":{{least}},"maximum":{{most}}}""", Vocabulary);
            for (int value = -2200; value <= 5200; value += 1 + chance.NextInt(60))
            {
                Assert.Equal(value >= least && value <= most, Accepts(grammar, value.ToString(System.Globalization.CultureInfo.InvariantCulture), chance));
            }
            foreach (int value in new[] { least - 1, least, most, most + 1 })
            {
                Assert.Equal(value >= least && value <= most, Accepts(grammar, value.ToString(System.Globalization.CultureInfo.InvariantCulture), chance));
            }
        }
    }

    [Fact]
    public void The_mask_is_what_is_accepted()
    {
        foreach (string schema in SampleSchemas.All)
        {
            RandomStream chance = RandomStream.Root(5).Split(schema);
            ITokenMask mask = JsonGrammar.Compile(schema, Vocabulary);
            ulong[] bits = new ulong[(Vocabulary.Count + 63) / 64];
            for (int step = 0; step < 25 && !mask.IsComplete; step++)
            {
                Array.Clear(bits);
                mask.Allowed(bits);
                for (int token = 0; token < Vocabulary.Count; token++) Assert.Equal(mask.Clone().TryAccept(token), IsSet(bits, token));
                Assert.True(mask.TryAccept(Choose(bits, chance)));
            }
        }
    }

    [Fact]
    public void The_end_is_allowed_exactly_when_the_value_is_whole()
    {
        JsonGrammar mask = JsonGrammar.Compile("""{"type":"integer"}""", Vocabulary);
        Assert.False(mask.IsComplete);
        Assert.False(mask.TryAccept(ToyVocabulary.End));
        Assert.False(mask.TryAccept(ToyVocabulary.Control));
        Assert.True(mask.TryAccept(TokenOf("12"u8)));
        Assert.True(mask.IsComplete);
        ulong[] bits = new ulong[(Vocabulary.Count + 63) / 64];
        mask.Allowed(bits);
        Assert.True(IsSet(bits, ToyVocabulary.End) && IsSet(bits, ToyVocabulary.EndOfTurn) && !IsSet(bits, ToyVocabulary.Control));
        ITokenMask clone = mask.Clone();
        Assert.True(clone.TryAccept(ToyVocabulary.End));
        Assert.False(clone.TryAccept(TokenOf("12"u8)));
        Assert.True(mask.TryAccept(TokenOf("12"u8)));
    }

    [Fact]
    public void A_known_state_costs_no_memory()
    {
        JsonGrammar grammar = JsonGrammar.AnyObject(Vocabulary);
        ulong[] bits = new ulong[(Vocabulary.Count + 63) / 64];
        int[] tokens = Encoding.UTF8.GetBytes("{\"a\":[1,2,{\"b\":null}]}").Select(value => TokenOf([value])).ToArray();
        JsonGrammar warm = grammar.Restart();
        JsonGrammar measured = grammar.Restart();
        Run(warm);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(measured);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Run(JsonGrammar mask)
        {
            foreach (int token in tokens)
            {
                mask.Allowed(bits);
                mask.TryAccept(token);
            }
        }
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"multipleOf":2}}}""", "JSON schema, #/properties/a: the keyword 'multipleOf' is not supported")]
    [InlineData("""{"type":"object","requird":["a"]}""", "did you mean 'required'")]
    [InlineData("""{"type":"strin"}""", "JSON schema, #: unknown type 'strin'; did you mean 'string'")]
    [InlineData("""{"type":"number","minimum":1}""", "the keyword 'minimum' is supported for type integer only")]
    [InlineData("""{"type":"string","pattern":"(?=a)"}""", "the keyword 'pattern' has '(?=a)': a group that begins by '(?'")]
    [InlineData("""{"type":"string","pattern":"a^b"}""", "the anchor '^' inside")]
    [InlineData("""{"type":"string","pattern":"\\bword"}""", "the escape '\\b' is not supported")]
    [InlineData("""{"type":"string","format":"dat"}""", "did you mean 'date'")]
    [InlineData("""{"$ref":"other.json"}""", "only places in the same schema")]
    [InlineData("""{"$ref":"#/$defs/none"}""", "where nothing is")]
    [InlineData("""{"$ref":"#"}""", "no value can satisfy it")]
    [InlineData("""{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}]}},"$ref":"#/$defs/a"}""", "leads back to itself")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}""", "no value can satisfy it")]
    [InlineData("""{"type":"array","minItems":3,"maxItems":2}""", "no value can satisfy it")]
    [InlineData("false", "no value can satisfy it")]
    [InlineData("""{"type":"string","maxLength":1000000000}""", "grammar nodes")]
    [InlineData("""{"type":"string","pattern":"((a{9999}){9999}){9999}"}""", "grammar nodes")]
    [InlineData("""{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a","minLength":1},{"$ref":"#/$defs/a","minLength":1}]}},"$ref":"#/$defs/a"}""", "JSON schema")]
    [InlineData("""{"type":"string","type":"null"}""", "twice")]
    [InlineData("[]", "a schema is an object, true or false")]
    [InlineData("{", "not JSON")]
    public void What_cannot_be_held_is_named(string schema, string expected) =>
        Assert.Contains(expected, Assert.Throws<InputException>(() => JsonGrammar.Compile(schema, Vocabulary)).Message, StringComparison.Ordinal);

    /// <summary>Random tokens under the mask, later more and more those that close things, until the value is whole.</summary>
    private static string Walk(JsonGrammar mask, RandomStream chance)
    {
        const string closing = "\"}]null0:,";
        ulong[] bits = new ulong[(Vocabulary.Count + 63) / 64];
        var bytes = new List<byte>();
        for (int step = 0; step < 5000; step++)
        {
            if (mask.IsComplete && (step > 40 || chance.NextInt(3) == 0)) return Encoding.UTF8.GetString([.. bytes]);
            Array.Clear(bits);
            mask.Allowed(bits);
            int token = Choose(bits, chance);
            if (step > 40 && chance.NextInt(8) > 0) token = closing.Select(c => TokenOf([(byte)c])).Where(candidate => IsSet(bits, candidate)).DefaultIfEmpty(token).First();
            if (Vocabulary.EndOfGeneration.Contains(token)) return Encoding.UTF8.GetString([.. bytes]);
            Assert.True(mask.TryAccept(token));
            bytes.AddRange(Vocabulary.Bytes[token]);
        }
        Assert.Fail("the walk does not end: " + Encoding.UTF8.GetString([.. bytes]));
        return "";
    }

    private static bool Accepts(JsonGrammar grammar, string text, RandomStream chance)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        JsonGrammar mask = grammar.Restart();
        for (int at = 0; at < bytes.Length;)
        {
            int[] fitting = Enumerable.Range(3, Vocabulary.Count - 3).Where(token => bytes.AsSpan(at).StartsWith(Vocabulary.Bytes[token])).ToArray();
            int token = fitting[chance.NextInt(fitting.Length)];
            if (!mask.TryAccept(token)) return false;
            at += Vocabulary.Bytes[token].Length;
        }
        return mask.IsComplete && mask.TryAccept(ToyVocabulary.End);
    }

    private static int Choose(ulong[] bits, RandomStream chance)
    {
        int[] allowed = Enumerable.Range(0, Vocabulary.Count).Where(token => IsSet(bits, token)).ToArray();
        Assert.NotEmpty(allowed);
        return allowed[chance.NextInt(allowed.Length)];
    }

    private static int TokenOf(ReadOnlySpan<byte> bytes)
    {
        for (int token = 0; token < Vocabulary.Count; token++)
        {
            if (Vocabulary.Bytes[token].AsSpan().SequenceEqual(bytes)) return token;
        }
        return -1;
    }

    private static bool IsSet(ulong[] bits, int token) => (bits[token >> 6] >> (token & 63) & 1) != 0;
}
