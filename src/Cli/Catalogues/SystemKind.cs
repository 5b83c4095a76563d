using Orrery.Kernel;
using Orrery.Serving.Systems;

namespace Orrery.Cli.Catalogues;

/// <summary>The table of published systems: of which parts each is made, and what goes with it.</summary>
internal static class SystemKind
{
    public static CatalogKind<PublishedSystem> Systems { get; } = new()
    {
        All = () => PublishedSystems.All,
        Find = name => PublishedSystems.All.FirstOrDefault(system => system.Name == name)
            ?? throw new InputException($"there is no system '{name}'{Names.Suggest(name, [.. PublishedSystems.All.Select(system => system.Name)])}"),
        Columns = [new("system", IsNumber: false), new("what it does", IsNumber: false, Wraps: true), new("keys of a fleet entry or scenario", IsNumber: false, Wraps: true), new("source", IsNumber: false, Wraps: true)],
        Row = system => [system.Name, system.Summary, OneLine(Keys(system)), system.Source],
        Facts = system =>
        [
            Fact.Of("name", "system", system.Name), Fact.Of("summary", "what it does", system.Summary), Fact.Of("source", "source", system.Source),
            Fact.Of("entry", "keys of a fleet entry or scenario", OneLine(Keys(system))), Fact.Of("composesWith", "goes together with", system.ComposesWith),
        ],
        Options = system => Schedulers.Registry.All.FirstOrDefault(plugin => plugin.Name == system.Name) is { } plugin ? PluginKinds.Rows<PublishedSystem>(plugin.Options)
            : Lenders.Registry.All.FirstOrDefault(lender => lender.Name == system.Name) is { } lender ? PluginKinds.Rows<PublishedSystem>(lender.Options) : [],
        Note = "Parts of one system work beside those of others: 'catalog systems NAME' says what goes together; 'reproduce NAME' what it claims, where it has claims.",
    };

    private static string Keys(PublishedSystem system) => system.Root.Length == 0 ? system.Entry : $"{system.Root}\n{system.Entry}";

    private static string OneLine(string entry) => entry.Replace("\n", ", ", StringComparison.Ordinal);
}
