using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Orrery.Documents;
using Orrery.Kernel;

namespace Orrery.World.Catalogue;

/// <summary>One kind of catalogue entry: read from the embedded files when first asked for, found by name or alias without case.</summary>
/// <remarks>Parsing is what costs at start-up, so a name is first looked for in those files alone whose text has it.</remarks>
internal sealed class CatalogSection<T>
    where T : class
{
    private readonly string _noun;
    private readonly Lazy<CatalogFile<T>[]> _files;
    private readonly Lazy<(IReadOnlyList<T> Entries, Dictionary<string, T> ByName)> _content;
    private readonly Func<T, string> _name;
    private readonly Func<T, IReadOnlyList<string>> _aliases;

    public CatalogSection(string noun, string prefix, Func<Node, T> read, Func<T, string> name, Func<T, IReadOnlyList<string>> aliases)
    {
        _noun = noun;
        _name = name;
        _aliases = aliases;
        _files = new(() => [.. CatalogFile<T>.Under(prefix, read)]);
        _content = new(Load);
    }

    public IReadOnlyList<T> Entries => _content.Value.Entries;

    public T Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (TryFind(name, out T? entry)) return entry;
        // An alias may be the nearest, but the list shows catalogue names only.
        string[] names = [.. Entries.Select(_name)];
        string? nearest = Names.Nearest(name, names) is null ? Names.Nearest(name, _content.Value.ByName.Keys) : null;
        string suggestion = nearest is null ? Names.Suggest(name, names) : $"; did you mean '{nearest}' ({_name(_content.Value.ByName[nearest])})?";
        throw new InputException($"there is no {_noun} '{name}' in the catalogue{suggestion}");
    }

    public bool TryFind(string name, [NotNullWhen(true)] out T? entry)
    {
        if (_content.IsValueCreated) return _content.Value.ByName.TryGetValue(name, out entry);
        entry = _files.Value.Where(file => file.Mentions(name)).SelectMany(file => file.Entries).FirstOrDefault(candidate => IsCalled(candidate, name));
        return entry is not null;
    }

    private bool IsCalled(T entry, string name) =>
        _aliases(entry).Prepend(_name(entry)).Contains(name, StringComparer.OrdinalIgnoreCase);

    private (IReadOnlyList<T> Entries, Dictionary<string, T> ByName) Load()
    {
        List<T> entries = [];
        Dictionary<string, T> byName = new(StringComparer.OrdinalIgnoreCase);
        foreach (CatalogFile<T> file in _files.Value)
        {
            foreach (T entry in file.Entries)
            {
                entries.Add(entry);
                foreach (string key in _aliases(entry).Prepend(_name(entry)))
                    if (!byName.TryAdd(key, entry)) throw new InputException($"{file.Name}: the name '{key}' is taken by another entry");
            }
        }
        return (entries, byName);
    }
}

/// <summary>One embedded file of entries, parsed when first asked for.</summary>
internal sealed class CatalogFile<T>
    where T : class
{
    private readonly string _text;
    private readonly Lazy<T[]> _entries;

    private CatalogFile(string name, string text, Func<Node, T> read)
    {
        Name = name;
        _text = text;
        _entries = new(() =>
        {
            Node document = Document.Parse(text, name);
            return [.. (document.Kind == NodeKind.Sequence ? document.Items : [document]).Select(read)];
        });
    }

    public string Name { get; }

    public IReadOnlyList<T> Entries => _entries.Value;

    /// <summary>The files whose names start with a prefix, in order.</summary>
    public static IEnumerable<CatalogFile<T>> Under(string prefix, Func<Node, T> read)
    {
        Assembly assembly = typeof(CatalogFile<T>).Assembly;
        foreach (string resource in assembly.GetManifestResourceNames().Where(r => r.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using StreamReader reader = new(assembly.GetManifestResourceStream(resource)!);
            yield return new(resource, reader.ReadToEnd(), read);
        }
    }

    public bool Mentions(string name) => _text.Contains(name, StringComparison.OrdinalIgnoreCase);
}
