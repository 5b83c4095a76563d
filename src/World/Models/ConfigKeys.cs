using Orrery.Documents;

namespace Orrery.World.Models;

/// <summary>Looks up sizes in a foreign configuration, where unknown keys are normal and null means "default".</summary>
internal sealed class ConfigKeys
{
    internal const int LargestSize = 100_000_000;
    private readonly Node _node;
    private readonly string _type;

    public ConfigKeys(Node node, string type)
    {
        _node = node;
        _type = type;
    }

    public string Source => $"Hugging Face config.json at {_node.Where}, architecture {_type}";

    public bool Has(string key) => Find(key) is not null;

    public int Int(string key) => Find(key) is { } value ? value.AsInt(1, LargestSize) : throw Missing(key);

    public int Int(string key, int fallback) => Find(key)?.AsInt(0, LargestSize) ?? fallback;

    /// <summary>The first of several spellings.</summary>
    public int Int(ReadOnlySpan<string> spellings)
    {
        foreach (string key in spellings)
            if (Find(key) is { } value) return value.AsInt(1, LargestSize);
        throw Missing(spellings[0]);
    }

    public int Int(ReadOnlySpan<string> spellings, int fallback)
    {
        foreach (string key in spellings)
            if (Find(key) is { } value) return value.AsInt(1, LargestSize);
        return fallback;
    }

    public bool Bool(string key, bool fallback) => Find(key)?.AsBool() ?? fallback;

    /// <summary>A nested configuration.</summary>
    public ConfigKeys Inner(string key) =>
        Find(key) is { Kind: NodeKind.Mapping } node ? new(node, _type) : throw Missing(key);

    private Node? Find(string key) => _node[key] is { Kind: not NodeKind.Null } value ? value : null;

    private Kernel.InputException Missing(string key) =>
        _node.Error($"the key '{key}' is missing; the architecture '{_type}' cannot be sized without it, so check that this is the model's own config.json");
}
