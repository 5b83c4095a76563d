using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Documents;
using Orrery.Lab.Scenarios;

namespace Orrery.Lab.Tests.Scenarios;

public sealed class SchemaTests
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static string SchemaFile => Path.Combine(Repository.Root, "schema", "scenario.schema.json");

    [Fact]
    public void TheCommittedSchemaIsTheProgramsOwn()
    {
        string current = ScenarioSchema.Create().ToJsonString(Readable) + "\n";
        if (Environment.GetEnvironmentVariable("ORRERY_REGENERATE") == "1") File.WriteAllText(SchemaFile, current);
        Assert.True(
            current == File.ReadAllText(SchemaFile).ReplaceLineEndings("\n"),
            "schema/scenario.schema.json is stale; run the tests once with ORRERY_REGENERATE=1");
    }

    [Theory]
    [MemberData(nameof(LockTests.Shipped), MemberType = typeof(LockTests))]
    public void ShippedScenariosAndTheirLocksFollowTheSchema(string file)
    {
        string path = Path.Combine(Repository.Root, "scenarios", file);
        JsonObject schema = ScenarioSchema.Create();
        Check(Document.Load(path), schema);
        Check(Document.Parse(ScenarioLock.Write(ScenarioReader.LoadAny(path)), "lock"), schema);
    }

    [Fact]
    public void TheCheckFindsAWrongKey() =>
        Assert.Equal("fleet.0.gpus", Wrong(Document.Parse("fleet: [{gpus: 2}]", "s.yaml"), ScenarioSchema.Create()));

    private static void Check(Node node, JsonObject schema) => Assert.Null(Wrong(node, schema));

    /// <summary>Path of the first value that the schema has no place for: keys, choices and lists; types are the reader's business.</summary>
    private static string? Wrong(Node node, JsonObject schema)
    {
        if (schema["anyOf"] is JsonArray forms)
            return forms.Select(form => Wrong(node, form!.AsObject())).Aggregate((a, b) => a is null || b is null ? null : a);
        if (schema["enum"] is JsonArray names) return names.Any(name => name!.GetValue<string>() == node.Text) ? null : node.Path;
        if (schema["const"] is { } only) return only.GetValue<string>() == node.Text ? null : node.Path;
        if (schema["items"] is JsonObject item && node.Kind == NodeKind.Sequence)
            return node.Items.Select(value => Wrong(value, item)).FirstOrDefault(wrong => wrong is not null);
        if (schema["properties"] is not JsonObject properties) return node.Kind == NodeKind.Mapping && schema["type"] is not JsonArray && schema.Count > 1 ? node.Path : null;
        if (node.Kind != NodeKind.Mapping) return node.Path;
        foreach ((string key, Node value) in node.Entries)
        {
            if (properties[key] is not JsonObject inner) return value.Path;
            if (Wrong(value, inner) is { } wrong) return wrong;
        }
        return null;
    }
}
