using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Engine.Sampling;
using Orrery.Kernel;

namespace Orrery.Engine.Grammars;

/// <summary>Keeps a model's output to JSON that satisfies a schema: at every step it says which tokens can still become such a value.</summary>
/// <remarks>
/// Everything that is let through is valid; of the valid values some are never written, so that a model cannot go on for ever and needs no look-ahead:
/// <list type="bullet">
/// <item>white space between tokens is nothing, one blank, or one line end with up to 32 blanks; none stands before or behind the value;</item>
/// <item>described properties come in the order of their description; others come after them, and only where additionalProperties allows them or no property is described;</item>
/// <item>numbers have up to 32 digits on each side of the point and 3 in the exponent, bounded whole numbers up to 18; type integer is written without point and exponent;</item>
/// <item>values that no schema describes are nested up to 16 levels.</item>
/// </list>
/// Keywords: type, properties, required, additionalProperties, items, prefixItems, minItems, maxItems, minLength, maxLength, pattern, format (date, time, date-time, uuid, email, ipv4), enum, const,
/// minimum and maximum and their exclusive forms (integers), anyOf, oneOf (read as anyOf), allOf (merged), $ref within the schema, nullable. Any other that could forbid something is an error.
/// A name may come twice among properties that are not described, as JSON itself allows.
/// Source: JSON Schema draft 2020-12, core and validation (b); the method of following a pushdown automaton over the bytes of tokens is common knowledge in constrained decoding (c).
/// </remarks>
public sealed class JsonGrammar : ITokenMask
{
    private readonly PushdownAutomaton _automaton;
    private readonly TokenVocabulary _vocabulary;
    private AutomatonState _state;
    private bool _hasEnded;

    private JsonGrammar(PushdownAutomaton automaton, TokenVocabulary vocabulary, AutomatonState state, bool hasEnded)
    {
        _automaton = automaton;
        _vocabulary = vocabulary;
        _state = state;
        _hasEnded = hasEnded;
    }

    public bool IsComplete => _state.IsComplete;

    /// <summary>A mask for the values of a schema, at its beginning. Compile once and take <see cref="Restart"/> for each sequence: what one learns all know.</summary>
    /// <param name="schema">The schema, as JSON.</param>
    /// <param name="vocabulary">The model's tokens.</param>
    /// <exception cref="InputException">Not a schema, or outside the subset: names keyword and path.</exception>
    public static JsonGrammar Compile(JsonElement schema, TokenVocabulary vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        JsonNode node = schema.ValueKind switch
        {
            JsonValueKind.Object => JsonObject.Create(schema)!,
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw new InputException("JSON schema, #: a schema is an object, true or false."),
        };
        return Over(node, vocabulary);
    }

    /// <inheritdoc cref="Compile(JsonElement, TokenVocabulary)"/>
    public static JsonGrammar Compile(string schema, TokenVocabulary vocabulary)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(schema);
            return Compile(document.RootElement.Clone(), vocabulary);
        }
        catch (JsonException problem)
        {
            throw new InputException($"JSON schema: not JSON ({problem.Message.TrimEnd('.')}).", problem);
        }
    }

    /// <summary>A mask for any JSON object: the mode that the OpenAI API calls json_object.</summary>
    public static JsonGrammar AnyObject(TokenVocabulary vocabulary) => Over(new JsonObject { ["type"] = "object" }, vocabulary);

    /// <summary>A mask for the same values, at the beginning.</summary>
    public JsonGrammar Restart() => new(_automaton, _vocabulary, _automaton.Start, false);

    public ITokenMask Clone() => new JsonGrammar(_automaton, _vocabulary, _state, _hasEnded);

    public void Allowed(Span<ulong> bits)
    {
        if (!_hasEnded)
        {
            _state.Mask(_vocabulary).CopyTo(bits);
            return;
        }
        // What comes behind the end is nobody's concern; a sampler that asks gets the end once more.
        foreach (int token in _vocabulary.Trie.EndTokens) bits[token >> 6] |= 1UL << (token & 63);
    }

    public bool TryAccept(int token)
    {
        if (token < 0 || token >= _vocabulary.Count) return false;
        if (_vocabulary.EndOfGeneration.Contains(token))
        {
            _hasEnded |= _state.IsComplete;
            return _hasEnded;
        }
        byte[] bytes = _vocabulary.Bytes[token];
        if (_hasEnded || bytes.Length == 0) return false;
        AutomatonState? state = _state;
        foreach (byte value in bytes)
        {
            state = state.Step(value);
            if (state is null) return false;
        }
        _state = state;
        return true;
    }

    private static JsonGrammar Over(JsonNode schema, TokenVocabulary vocabulary)
    {
        try
        {
            PushdownAutomaton automaton = SchemaCompiler.Compile(schema);
            return new JsonGrammar(automaton, vocabulary, automaton.Start, false);
        }
        catch (ArgumentException twice)
        {
            // A node of the framework finds this out only when its members are read.
            throw new InputException("JSON schema: a key stands twice in one object.", twice);
        }
    }
}
