using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orrery.Live.Settings;

namespace Orrery.Live.Api;

/// <summary>How the answer may use tools.</summary>
internal enum ToolChoice
{
    /// <summary>The model decides; what looks like a call is one.</summary>
    Auto,

    /// <summary>The answer is one call, by grammar.</summary>
    Required,
}

/// <summary>The tools of a request.</summary>
internal sealed partial class ToolSet
{
    private readonly IReadOnlyList<(string Name, JsonElement? Parameters)> _functions;

    private ToolSet(JsonElement json, IReadOnlyList<(string, JsonElement?)> functions, ToolChoice choice, string? named, bool isParallel)
    {
        Json = json;
        _functions = functions;
        Choice = choice;
        Named = named;
        IsParallel = isParallel;
    }

    /// <summary>As the template gets them.</summary>
    public JsonElement Json { get; }

    public ToolChoice Choice { get; }

    /// <summary>The only function that may be called, or null.</summary>
    public string? Named { get; }

    /// <summary>An answer may hold several calls.</summary>
    public bool IsParallel { get; }

    /// <summary>Reads tools, tool_choice and parallel_tool_calls.</summary>
    /// <returns>Null where no tool is on offer, or none may be called.</returns>
    public static ToolSet? Read(Fields fields)
    {
        IReadOnlyList<(JsonElement Item, string Path)> tools = fields.List("tools", ServeLimits.Tools) ?? [];
        JsonElement? choiceField = fields.Optional("tool_choice");
        bool isParallel = fields.Bool("parallel_tool_calls") ?? true;
        var functions = new List<(string Name, JsonElement? Parameters)>();
        string? strict = null;
        foreach ((JsonElement item, string path) in tools)
        {
            Fields tool = new(item, path);
            if (tool.RequiredText("type") is not "function") throw tool.Bad("type", "only tools of type 'function' are supported");
            Fields function = new(tool.Required("function"), tool.PathOf("function"));
            tool.Done();
            string name = function.RequiredText("name");
            if (!NamePattern().IsMatch(name)) throw function.Bad("name", "a name has 1 to 64 letters, digits, underscores and hyphens");
            if (functions.Any(known => known.Name == name)) throw function.Bad("name", $"two tools are called '{name}'");
            function.Text("description");
            Fields? parameters = function.Object("parameters");
            if (parameters?.Optional("type") is { } type && (type.ValueKind != JsonValueKind.String || type.GetString() != "object"))
                throw parameters.Bad("type", "arguments are an object; write \"type\": \"object\"");
            functions.Add((name, function.Optional("parameters")));
            if (function.Bool("strict") == true) strict ??= function.PathOf("strict");
            function.Done();
        }
        if (choiceField is not { } choice) return functions.Count == 0 ? null : Make(tools, fields, functions, ToolChoice.Auto, null, isParallel, strict);
        return ReadChoice(fields, choice, functions) switch
        {
            ("none", _) => null,
            ("auto", _) => functions.Count == 0 ? null : Make(tools, fields, functions, ToolChoice.Auto, null, isParallel, strict),
            (_, var named) => functions.Count > 0
                ? Make(tools, fields, functions, ToolChoice.Required, named, isParallel, strict)
                : throw fields.Bad("tool_choice", "no tool is on offer; add tools"),
        };
    }

    public bool Knows(string name) => Named is null ? _functions.Any(function => function.Name == name) : name == Named;

    /// <summary>The schema of an answer that is one call: <c>{"name": …, "arguments": {…}}</c>.</summary>
    public string CallSchema()
    {
        var ways = new JsonArray();
        foreach ((string name, JsonElement? parameters) in _functions)
        {
            if (!Knows(name)) continue;
            JsonNode arguments = parameters is { } schema
                ? JsonObject.Create(schema)!.DeepClone()
                : new JsonObject { ["type"] = "object", ["additionalProperties"] = false };
            if (arguments is JsonObject described && !described.ContainsKey("type") && !described.ContainsKey("$ref")) described["type"] = "object";
            // References are written from the root of the schema, which is another now.
            Rebase(arguments, $"#/anyOf/{ways.Count}/properties/arguments");
            ways.Add((JsonNode)new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject { ["name"] = new JsonObject { ["const"] = name }, ["arguments"] = arguments },
                ["required"] = new JsonArray("name", "arguments"),
                ["additionalProperties"] = false,
            });
        }
        return new JsonObject { ["anyOf"] = ways }.ToJsonString();
    }

    private static ToolSet Make(
        IReadOnlyList<(JsonElement Item, string Path)> tools, Fields fields, IReadOnlyList<(string, JsonElement?)> functions, ToolChoice choice, string? named, bool isParallel, string? strict)
    {
        if (strict is not null && choice == ToolChoice.Auto)
            throw new ApiException(ApiError.BadField(strict, "arguments follow the schema by force only where a call is required; write \"tool_choice\": \"required\", or leave strict out", "unsupported_parameter"));
        return tools.Count > 0 ? new(fields.Required("tools"), functions, choice, named, isParallel) : throw fields.Bad("tools", "no tool is on offer");
    }

    private static (string Kind, string? Named) ReadChoice(Fields fields, JsonElement choice, List<(string Name, JsonElement? Parameters)> functions)
    {
        if (choice.ValueKind == JsonValueKind.String)
        {
            string text = choice.GetString()!;
            return text is "none" or "auto" or "required" ? (text, null) : throw fields.Bad("tool_choice", "expected none, auto, required or {\"type\": \"function\", \"function\": {\"name\": …}}");
        }
        Fields named = new(choice, "tool_choice");
        if (named.RequiredText("type") is not "function") throw named.Bad("type", "only 'function' is supported");
        Fields function = new(named.Required("function"), "tool_choice.function");
        named.Done();
        string name = function.RequiredText("name");
        function.Done();
        return functions.Any(known => known.Name == name)
            ? ("named", name)
            : throw function.Bad("name", $"there is no tool of this name{Kernel.Names.Suggest(name, [.. functions.Select(known => known.Name)])}");
    }

    private static void Rebase(JsonNode? node, string root)
    {
        if (node is JsonArray items)
        {
            foreach (JsonNode? item in items) Rebase(item, root);
        }
        else if (node is JsonObject members)
        {
            foreach ((string key, JsonNode? value) in members.ToArray())
            {
                if (key == "$ref" && value is JsonValue text && text.TryGetValue(out string? reference) && reference.StartsWith('#')) members[key] = root + reference[1..];
                else if (key is not ("enum" or "const" or "default" or "examples")) Rebase(value, root);
            }
        }
    }

    [GeneratedRegex("^[A-Za-z0-9_-]{1,64}$")]
    private static partial Regex NamePattern();
}
