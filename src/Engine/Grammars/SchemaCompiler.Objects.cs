using System.Text.Json.Nodes;

namespace Orrery.Engine.Grammars;

internal sealed partial class SchemaCompiler
{
    /// <summary>Characters of a name that other names must differ from.</summary>
    private const int NameLimit = 500;

    /// <summary>One property that an object may have.</summary>
    private sealed record Property(string Name, JsonNode? Schema, string Path, bool IsRequired);

    /// <summary>
    /// Objects: the described properties in the order of their description, those that are not required left out at will, then other properties where they are allowed.
    /// Where properties are described and additionalProperties is absent, no others are written: every such object is still valid.
    /// </summary>
    private int Object(SchemaKeywords keywords, int next)
    {
        JsonObject described = keywords.Has("properties") ? keywords.Map("properties") : [];
        JsonNode? others = keywords.Has("additionalProperties") ? keywords.Schema["additionalProperties"] : described.Count == 0;
        var required = keywords.Has("required") ? keywords.List("required").Select(name => Name(name, keywords)).ToHashSet(StringComparer.Ordinal) : [];
        var properties = described.Select(pair => new Property(pair.Key, pair.Value, $"{keywords.PathOf("properties")}/{pair.Key}", required.Contains(pair.Key))).ToList();
        foreach (string name in required.Where(name => !described.ContainsKey(name)))
        {
            // Not described: any value, unless the rule for other properties says more.
            properties.Add(new Property(name, keywords.Has("additionalProperties") ? others?.DeepClone() : true, keywords.PathOf("required"), true));
        }
        int close = Space(_graph.Byte('}', next));
        // Two chains from the last property to the first: with nothing written yet, and with something before, which needs a comma.
        int later = close;
        int first = close;
        if (!(others is JsonValue flag && flag.TryGetValue(out bool isOpen) && !isOpen))
        {
            if (properties.Find(property => property.Name.Length > NameLimit) is not null) throw keywords.Failure("properties", $"has a name longer than {NameLimit} characters beside additionalProperties");
            int loop = _graph.OpenSplit();
            int entry = OtherKey(properties.Select(property => property.Name), Schema(others, keywords.PathOf("additionalProperties"), loop));
            _graph.SetSplit(loop, _graph.Byte(',', Space(entry)), close);
            later = loop;
            first = _graph.Split(Space(entry), close);
        }
        for (int i = properties.Count - 1; i >= 0; i--)
        {
            Property property = properties[i];
            int entry = Key(property.Name, Schema(property.Schema, property.Path, later));
            int withComma = _graph.Byte(',', Space(entry));
            first = property.IsRequired ? Space(entry) : _graph.Split(Space(entry), first);
            later = property.IsRequired ? withComma : _graph.Split(withComma, later);
        }
        return _graph.Byte('{', first);
    }

    private static string Name(JsonNode? name, SchemaKeywords keywords) =>
        name is JsonValue value && value.TryGetValue(out string? text) ? text : throw keywords.Failure("required", "wants an array of strings");

    /// <summary>A key that is none of the described names, however it is spelled, then its value.</summary>
    private int OtherKey(IEnumerable<string> names, int value)
    {
        int end = _graph.Text("\":", Space(value));
        int free = _characters.Many(CodePointSet.All, end);
        return _graph.Byte('"', Unlike([.. names.Select(JsonCharacters.CodePoints)], 0));

        int Unlike(List<List<int>> alike, int at)
        {
            if (alike.Count == 0) return free;
            var ways = new List<int>();
            // A name ends here: the key must go on.
            if (!alike.Exists(name => name.Count == at)) ways.Add(end);
            var following = alike.Where(name => name.Count > at).GroupBy(name => name[at]).ToList();
            foreach (var group in following) ways.Add(_characters.One(CodePointSet.Of((group.Key, group.Key)), Unlike([.. group], at + 1)));
            CodePointSet rest = CodePointSet.Of(following.Select(group => (group.Key, group.Key))).Complement();
            ways.Add(_characters.One(rest, free));
            return _graph.Split([.. ways]);
        }
    }
}
