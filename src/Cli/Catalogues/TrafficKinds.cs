using System.Text.Json.Nodes;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Traffic.Catalogue;

namespace Orrery.Cli.Catalogues;

/// <summary>A generator: a process or model with keys, or one fitted to a public trace.</summary>
internal sealed record TrafficEntry(string Name, string Kind, string Doc, string Source, GeneratorInfo? Generator, FittedTraffic? Fitted);

/// <summary>The table of traffic generators.</summary>
internal static class TrafficKinds
{
    public static CatalogKind<TrafficEntry> Generators { get; } = new()
    {
        All = () => [.. GeneratorInfo.All.Select(OfModel), .. FittedTraffic.Names.Select(name => OfFit(FittedTraffic.Load(name)))],
        Find = name => GeneratorInfo.Find(name) is { } info ? OfModel(info)
            : FittedTraffic.Names.Contains(name) ? OfFit(FittedTraffic.Load(name))
            : throw new InputException($"there is no traffic generator '{name}'{Names.Suggest(name, GeneratorInfo.AllNames)}"),
        Columns =
        [
            new("generator", IsNumber: false), new("kind", IsNumber: false), new("what arrives", IsNumber: false, Wraps: true),
            new("source", IsNumber: false, Wraps: true),
        ],
        Row = entry => [entry.Name, entry.Kind, entry.Doc, entry.Source],
        Facts = Facts,
        Options = entry => entry.Generator is null ? [] : [.. entry.Generator.Keys.Concat(GeneratorInfo.CommonKeys).Select(key =>
            new CatalogKind<TrafficEntry>.Option(key.Key, key.Example, key.Default ?? "required", key.Doc, ""))],
        Note = "A scenario names one as 'traffic: {generator: NAME, …}'; a fitted one brings values for all its keys.",
    };

    private static TrafficEntry OfModel(GeneratorInfo info) => new(info.Name, "model", info.Doc, info.Source, info, null);

    private static TrafficEntry OfFit(FittedTraffic fit) => new(fit.Name, "fitted", fit.Doc, fit.Source, null, fit);

    private static IReadOnlyList<Fact> Facts(TrafficEntry entry)
    {
        List<Fact> facts =
        [
            Fact.Of("name", "generator", entry.Name), Fact.Of("kind", "kind", entry.Kind), Fact.Of("doc", "what arrives", entry.Doc),
            Fact.Of("source", "source", entry.Source),
        ];
        if (entry.Fitted is not { } fit) return facts;
        facts.Add(Fact.Of("licence", "licence of the data", fit.Licence));
        // The fit's own block tells statistics of the data, of the generator, and the errors between them.
        foreach ((string path, string text) in Leaves(fit.Fit, ""))
            facts.Add(new Fact($"fit.{path}", path, text, JsonValue.Create(text)));
        return facts;
    }

    private static IEnumerable<(string Path, string Text)> Leaves(Node node, string path)
    {
        switch (node.Kind)
        {
            case NodeKind.Mapping:
                foreach ((string key, Node value) in node.Entries)
                    foreach ((string Path, string Text) leaf in Leaves(value, path.Length == 0 ? key : $"{path}.{key}")) yield return leaf;
                break;
            case NodeKind.Sequence:
                yield return (path, string.Join(", ", node.Items.Select(item => item.Kind == NodeKind.Scalar ? item.Text : "…")));
                break;
            case NodeKind.Scalar:
                yield return (path, node.Text);
                break;
            default:
                break;
        }
    }
}
