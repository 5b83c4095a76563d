using System.Reflection;
using Orrery.Documents;
using Orrery.Kernel;

namespace Orrery.World.Catalogue;

/// <summary>One kind of catalogue entry: read from the embedded files when first asked for, found by name or alias without case.</summary>
internal sealed class CatalogSection<T>
    where T : class
{
    private readonly string _noun;
    private readonly Lazy<(IReadOnlyList<T> Entries, Dictionary<string, T> ByName)> _content;
    private readonly Func<T, string> _name;

    public CatalogSection(string noun, string prefix, Func<Node, T> read, Func<T, string> name, Func<T, IReadOnlyList<string>> aliases)
    {
        _noun = noun;
        _name = name;
        _content = new(() => Load(prefix, read, name, aliases));
    }

    public IReadOnlyList<T> Entries => _content.Value.Entries;

    public T Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (_content.Value.ByName.TryGetValue(name, out T? entry)) return entry;
        // An alias may be the nearest, but the list shows catalogue names only.
        string[] names = [.. Entries.Select(_name)];
        string? nearest = Names.Nearest(name, names) is null ? Names.Nearest(name, _content.Value.ByName.Keys) : null;
        string suggestion = nearest is null ? Names.Suggest(name, names) : $"; did you mean '{nearest}' ({_name(_content.Value.ByName[nearest])})?";
        throw new InputException($"there is no {_noun} '{name}' in the catalogue{suggestion}");
    }

    public bool TryFind(string name, out T? entry) => _content.Value.ByName.TryGetValue(name, out entry);

    private static (IReadOnlyList<T> Entries, Dictionary<string, T> ByName) Load(
        string prefix, Func<Node, T> read, Func<T, string> name, Func<T, IReadOnlyList<string>> aliases)
    {
        List<T> entries = [];
        Dictionary<string, T> byName = new(StringComparer.OrdinalIgnoreCase);
        Assembly assembly = typeof(CatalogSection<T>).Assembly;
        foreach (string resource in assembly.GetManifestResourceNames().Where(r => r.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            Node document = Document.Parse(reader.ReadToEnd(), resource);
            foreach (Node node in document.Kind == NodeKind.Sequence ? document.Items : [document])
            {
                T entry = read(node);
                entries.Add(entry);
                foreach (string key in aliases(entry).Prepend(name(entry)))
                    if (!byName.TryAdd(key, entry)) throw node.Error($"the name '{key}' is taken by another entry");
            }
        }
        return (entries, byName);
    }
}
