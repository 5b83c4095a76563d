using System.Text.Json.Nodes;
using Orrery.Kernel;

namespace Orrery.Documents;

/// <summary>One named choice of a kind of plug-in (scheduler, router, …): what a scenario selects with <c>use: NAME</c>.</summary>
/// <typeparam name="TSpec">The data that a scenario holds for this kind; the behaviour is created from it.</typeparam>
public abstract class Plugin<TSpec>(string name, string summary, string source)
    where TSpec : class
{
    public string Name { get; } = name;

    /// <summary>One sentence for the catalogue.</summary>
    public string Summary { get; } = summary;

    /// <summary>Paper or code it follows.</summary>
    public string Source { get; } = source;

    public abstract IReadOnlyList<OptionInfo> Options { get; }

    /// <summary>The plug-in with every default.</summary>
    public abstract TSpec Default { get; }

    /// <summary>Binds the options; the caller has read <c>use</c> and ends with <see cref="MapReader.Done"/>.</summary>
    public abstract TSpec Read(MapReader map);

    /// <summary>Every option with its resolved value; <paramref name="spec"/> must come from this plug-in.</summary>
    public abstract Node ToNode(TSpec spec);

    public abstract JsonObject ToJsonSchema();

    /// <summary>True when a spec was made by this plug-in.</summary>
    public abstract bool Made(TSpec spec);
}

/// <summary>A plug-in whose spec is an options record.</summary>
/// <param name="options">Its declared options; asked for when first needed, since a run uses few of all plug-ins.</param>
public sealed class Plugin<TSpec, TOptions>(string name, string summary, string source, Func<OptionSet<TOptions>> options)
    : Plugin<TSpec>(name, summary, source)
    where TSpec : class
    where TOptions : class, TSpec, new()
{
    public override IReadOnlyList<OptionInfo> Options => options().Options;

    public override TSpec Default => new TOptions();

    public override TSpec Read(MapReader map) => options().Read(map);

    public override Node ToNode(TSpec spec) => options().ToNode((TOptions)spec);

    public override JsonObject ToJsonSchema() => options().ToJsonSchema();

    public override bool Made(TSpec spec) => spec.GetType() == typeof(TOptions);
}

/// <summary>All plug-ins of one kind, by name.</summary>
/// <param name="kind">Shown in errors: "scheduler".</param>
public sealed class PluginRegistry<TSpec>(string kind, params Plugin<TSpec>[] plugins)
    where TSpec : class
{
    public string Kind { get; } = kind;

    public IReadOnlyList<Plugin<TSpec>> All { get; } = plugins;

    public IReadOnlyList<string> Names { get; } = [.. plugins.Select(plugin => plugin.Name)];

    /// <exception cref="InputException">Unknown name; the message suggests the nearest.</exception>
    public Plugin<TSpec> Find(string name) =>
        All.FirstOrDefault(plugin => plugin.Name == name) ?? throw new InputException(Unknown(name));

    /// <summary>Reads <c>name</c> or <c>{use: name, option: value, …}</c>.</summary>
    /// <exception cref="InputException">Unknown name or option, or a value out of range; the message says where.</exception>
    public TSpec Read(Node node)
    {
        if (node.Kind == NodeKind.Scalar) return Named(node).Default;
        MapReader map = node.AsMap();
        map.Required("use");
        TSpec spec = ReadKeys(map, "");
        map.Done();
        return spec;
    }

    /// <summary>The same for a mapping that has keys of others too; the caller ends with <see cref="MapReader.Done"/>.</summary>
    /// <param name="map">The mapping.</param>
    /// <param name="usual">The name where <c>use</c> is absent.</param>
    public TSpec ReadKeys(MapReader map, string usual)
    {
        ArgumentNullException.ThrowIfNull(map);
        return (map.Optional("use") is { } name ? Named(name) : Find(usual)).Read(map);
    }

    /// <summary>The form that <see cref="Read"/> gives back, with every default resolved: for the lock file.</summary>
    public Node ToNode(TSpec spec)
    {
        Plugin<TSpec> plugin = All.First(candidate => candidate.Made(spec));
        return Node.Map([KeyValuePair.Create("use", Node.Plain(plugin.Name)), .. plugin.ToNode(spec).Entries]);
    }

    private Plugin<TSpec> Named(Node node)
    {
        string name = node.AsText();
        return All.FirstOrDefault(plugin => plugin.Name == name) ?? throw node.Error(Unknown(name));
    }

    private string Unknown(string name) => $"unknown {Kind} '{name}'{Kernel.Names.Suggest(name, Names)}";
}
