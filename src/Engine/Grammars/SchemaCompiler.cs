using System.Text.Json.Nodes;
using Orrery.Kernel;

namespace Orrery.Engine.Grammars;

/// <summary>A JSON schema as a grammar.</summary>
internal sealed partial class SchemaCompiler
{
    /// <summary>Levels of a value about which the schema says nothing.</summary>
    public const int FreeDepth = 16;

    /// <summary>Blanks of an indentation.</summary>
    public const int IndentLimit = 32;

    /// <summary>Schemas within schemas, references merged with what stands beside them included.</summary>
    private const int DepthLimit = 100;

    /// <summary>Schemas looked at in all: references merged with what stands beside them multiply.</summary>
    private const int SchemaLimit = 20_000;

    private static readonly string[] TypeNames = ["object", "array", "string", "number", "integer", "boolean", "null"];

    private readonly GrammarGraph _graph = new();
    private readonly JsonCharacters _characters;
    private readonly JsonNumbers _numbers;
    private readonly JsonNode _root;
    private readonly Dictionary<string, int> _references = new(StringComparer.Ordinal);
    private readonly int?[] _freeValues = new int?[FreeDepth + 1];
    private readonly int _space;
    private int _depth;
    private int _schemas;

    private SchemaCompiler(JsonNode root)
    {
        _root = root;
        _characters = new JsonCharacters(_graph);
        _numbers = new JsonNumbers(_graph);
        int indentation = GrammarGraph.Return;
        for (int i = 0; i < IndentLimit; i++) indentation = _graph.Split(_graph.Byte(' ', indentation), GrammarGraph.Return);
        _space = _graph.Split(GrammarGraph.Return, _graph.Byte(' ', GrammarGraph.Return), _graph.Byte('\n', indentation));
    }

    /// <exception cref="InputException">Not a schema, a keyword outside the subset (by name and path), or no value can satisfy it.</exception>
    public static PushdownAutomaton Compile(JsonNode schema)
    {
        var compiler = new SchemaCompiler(schema);
        try
        {
            int start = compiler.Schema(schema, "#", GrammarGraph.Return);
            if (!compiler._graph.Prune(start)) throw new InputException("JSON schema: no value can satisfy it.");
            if (compiler._graph.HasEndlessStart()) throw new InputException("JSON schema: a $ref leads back to itself without anything between.");
            return new PushdownAutomaton(compiler._graph, start);
        }
        catch (GrammarLimitException)
        {
            throw new InputException($"JSON schema: it needs more than {GrammarGraph.NodeLimit} grammar nodes; make counts such as maxLength or maxItems smaller.");
        }
    }

    private int Schema(JsonNode? schema, string path, int next)
    {
        if (schema is JsonValue value && value.TryGetValue(out bool isAny)) return isAny ? Free(FreeDepth, next) : _graph.OpenSplit();
        if (schema is not JsonObject members) throw new InputException($"JSON schema, {path}: a schema is an object, true or false.");
        if (++_depth > DepthLimit) throw new InputException($"JSON schema, {path}: schemas are nested deeper than {DepthLimit}.");
        if (++_schemas > SchemaLimit) throw new InputException($"JSON schema, {path}: it grows beyond {SchemaLimit} schemas; refer to shared parts by a bare $ref.");
        int node = Members(new SchemaKeywords(members, path), next);
        _depth--;
        return node;
    }

    private int Members(SchemaKeywords keywords, int next)
    {
        if (keywords.Has("$ref")) return Reference(keywords, next);
        if (keywords.Has("allOf")) return All(keywords, next);
        if (keywords.Has("anyOf") || keywords.Has("oneOf")) return Any(keywords, next);
        if (keywords.Flag("nullable")) return _graph.Split(Members(new SchemaKeywords(keywords.Without("nullable") ?? [], keywords.Path), next), _graph.Text("null", next));
        if (keywords.Has("enum") || keywords.Has("const")) return Listed(keywords, next);
        string[] types = keywords.Has("type") ? SchemaMerge.TypeList(keywords.Schema["type"], keywords.Path) : Implied(keywords);
        foreach (string type in types)
        {
            if (!TypeNames.Contains(type)) throw new InputException($"JSON schema, {keywords.Path}: unknown type '{type}'{Names.Suggest(type, TypeNames)}.");
        }
        if (types.Length == 0 && !keywords.Has("type")) return Free(FreeDepth, next);
        return _graph.Split([.. types.Where(type => type != "integer" || !types.Contains("number")).Select(type => Typed(type, keywords, next))]);
    }

    private int Typed(string type, SchemaKeywords keywords, int next) => type switch
    {
        "object" => Object(keywords, next),
        "array" => Array(keywords, next),
        "string" => String(keywords, next),
        "integer" => Integer(keywords, next),
        "number" => Number(keywords, next),
        "boolean" => Boolean(next),
        _ => _graph.Text("null", next),
    };

    /// <summary>Where no type is given, keywords tell which is meant: only those are written.</summary>
    private static string[] Implied(SchemaKeywords keywords)
    {
        var types = new List<string>();
        if (keywords.HasAny(SchemaKeywords.Object)) types.Add("object");
        if (keywords.HasAny(SchemaKeywords.Array)) types.Add("array");
        if (keywords.HasAny(SchemaKeywords.String)) types.Add("string");
        if (keywords.HasAny(SchemaKeywords.Number)) types.Add("integer");
        return [.. types];
    }

    private int Reference(SchemaKeywords keywords, int next)
    {
        string reference = keywords.Text("$ref")!;
        JsonNode target = Resolve(reference, keywords);
        if (keywords.Without("$ref") is { } rest) return Schema(SchemaMerge.Both(target, rest, keywords.Path), keywords.Path, next);
        if (!_references.TryGetValue(reference, out int rule))
        {
            rule = _graph.OpenSplit();
            _graph.MarkRule(rule);
            _references[reference] = rule;
            // A rule stands on its own: its depth is not that of the place that refers to it.
            int depth = _depth;
            _depth = 0;
            _graph.SetSplit(rule, Schema(target, reference, GrammarGraph.Return));
            _depth = depth;
        }
        return _graph.Call(rule, next);
    }

    private JsonNode Resolve(string reference, SchemaKeywords keywords)
    {
        if (reference != "#" && !reference.StartsWith("#/", StringComparison.Ordinal)) throw keywords.Failure("$ref", $"points to '{reference}': only places in the same schema ('#/$defs/…') are supported");
        JsonNode? node = _root;
        foreach (string part in reference.Split('/').Skip(1))
        {
            string name = Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            node = node switch
            {
                JsonObject members => members[name],
                JsonArray items when int.TryParse(name, out int index) && index >= 0 && index < items.Count => items[index],
                _ => null,
            };
            if (node is null) throw keywords.Failure("$ref", $"points to '{reference}', where nothing is");
        }
        return node ?? throw keywords.Failure("$ref", "points to nothing");
    }

    private int All(SchemaKeywords keywords, int next)
    {
        JsonNode merged = keywords.Without("allOf") ?? [];
        foreach (JsonNode? part in keywords.List("allOf"))
        {
            JsonNode resolved = part ?? throw keywords.Failure("allOf", "holds null");
            // A reference beside others is put in its place: their members must be seen together.
            for (int i = 0; resolved is JsonObject members && members.ContainsKey("$ref"); i++)
            {
                if (i > DepthLimit) throw keywords.Failure("allOf", "has a $ref that leads back to itself");
                var inner = new SchemaKeywords(members, keywords.PathOf("allOf"));
                JsonNode target = Resolve(inner.Text("$ref")!, inner);
                resolved = inner.Without("$ref") is { } rest ? SchemaMerge.Both(target, rest, inner.Path) : target;
            }
            if (resolved is JsonObject nested && nested["allOf"] is JsonArray && merged is JsonObject holder && holder.ContainsKey("allOf")) throw keywords.Failure("allOf", "within allOf is supported once");
            merged = SchemaMerge.Both(merged, resolved, keywords.Path);
        }
        return Schema(merged, keywords.Path, next);
    }

    /// <summary>oneOf is read as anyOf: that exactly one holds is not looked at.</summary>
    private int Any(SchemaKeywords keywords, int next)
    {
        string keyword = keywords.Has("anyOf") ? "anyOf" : "oneOf";
        JsonObject? rest = keywords.Without(keyword);
        var ways = new List<int>();
        JsonArray branches = keywords.List(keyword);
        for (int i = 0; i < branches.Count; i++)
        {
            string path = $"{keywords.PathOf(keyword)}/{i}";
            JsonNode branch = branches[i] ?? throw keywords.Failure(keyword, "holds null");
            ways.Add(rest is null ? Schema(branch, path, next) : All(new SchemaKeywords(new JsonObject { ["allOf"] = new JsonArray(rest.DeepClone(), branch.DeepClone()) }, path), next));
        }
        return _graph.Split([.. ways]);
    }

    /// <summary>enum and const: the values listed, of the types allowed.</summary>
    private int Listed(SchemaKeywords keywords, int next)
    {
        foreach (string other in keywords.Schema.Select(pair => pair.Key))
        {
            if (SchemaKeywords.Object.Contains(other) || SchemaKeywords.Array.Contains(other) || SchemaKeywords.String.Contains(other) || SchemaKeywords.Number.Contains(other))
            {
                throw keywords.Failure(other, "beside enum or const is not supported; list only the values that satisfy it");
            }
        }
        IEnumerable<JsonNode?> values = keywords.Has("enum") ? keywords.List("enum") : Enumerable.Repeat(keywords.Schema["const"], 1);
        if (keywords.Has("enum") && keywords.Has("const")) values = values.Where(value => JsonNode.DeepEquals(value, keywords.Schema["const"]));
        if (keywords.Has("type"))
        {
            string[] types = SchemaMerge.TypeList(keywords.Schema["type"], keywords.Path);
            values = values.Where(value => types.Contains(TypeOf(value)) || (types.Contains("number") && TypeOf(value) == "integer"));
        }
        return _graph.Split([.. values.Select(value => Literal(value, next))]);
    }

    private static string TypeOf(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject => "object",
        JsonArray => "array",
        JsonValue scalar => scalar.GetValueKind() switch
        {
            System.Text.Json.JsonValueKind.String => "string",
            System.Text.Json.JsonValueKind.Number => scalar.ToJsonString().AsSpan().ContainsAny('.', 'e', 'E') ? "number" : "integer",
            _ => "boolean",
        },
        _ => "",
    };
}
