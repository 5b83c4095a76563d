using Orrery.Documents;
using Orrery.Kernel;

namespace Orrery.Traffic.Catalogue;

/// <summary>A generator fitted to a public trace: parameters only, with the error of the fit beside them.</summary>
/// <param name="Name">What <c>generator:</c> takes.</param>
/// <param name="Doc">One sentence.</param>
/// <param name="Source">What it was fitted to.</param>
/// <param name="Licence">Licence of that data.</param>
/// <param name="Root">The whole catalogue file.</param>
public sealed record FittedTraffic(string Name, string Doc, string Source, string Licence, Node Root)
{
    private const string ResourcePrefix = "catalog/traffic/";

    /// <summary>Every fitted generator of the catalogue.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. typeof(FittedTraffic).Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            .Select(n => n[ResourcePrefix.Length..^".yaml".Length])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The <c>traffic:</c> block of the fit, without the scenario's overrides.</summary>
    public Node Traffic => Root["traffic"] ?? throw Root.Error("a fitted generator needs a 'traffic' block");

    /// <summary>Statistics of the data, of the fit, and the errors between them.</summary>
    public Node Fit => Root["fit"] ?? throw Root.Error("a fitted generator needs a 'fit' block");

    /// <exception cref="InputException">Unknown name.</exception>
    public static FittedTraffic Load(string name)
    {
        if (!Names.Contains(name)) throw new InputException($"fitted generator '{name}' is not known{Kernel.Names.Suggest(name, Names)}");
        using Stream stream = typeof(FittedTraffic).Assembly.GetManifestResourceStream(ResourcePrefix + name + ".yaml")!;
        using var reader = new StreamReader(stream);
        return Parse(Document.Parse(reader.ReadToEnd(), $"catalog/traffic/{name}.yaml"));
    }

    internal static FittedTraffic Parse(Node root)
    {
        MapReader map = root.AsMap();
        return new FittedTraffic(map.Text("name"), map.Text("doc"), map.Text("source"), map.Text("licence"), root);
    }
}
