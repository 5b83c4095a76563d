using System.Text.Json.Nodes;
using Orrery.Cli.Tables;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Lab.Scenarios;

namespace Orrery.Cli.Catalogues;

/// <summary>The table of experiments: what each models, its options and its figures.</summary>
internal static class ExperimentKind
{
    public static CatalogKind<Plugin<ExperimentSpec>> Kind { get; } = new()
    {
        All = () => Experiments.Registry.All,
        Find = name => Experiments.Registry.All.FirstOrDefault(plugin => plugin.Name == name)
            ?? throw new InputException($"there is no experiment '{name}'{Names.Suggest(name, Experiments.Registry.Names)}"),
        Columns = [new("experiment", IsNumber: false), new("what it models", IsNumber: false, Wraps: true), new("options"), new("figures"), new("source", IsNumber: false, Wraps: true)],
        Row = plugin => [plugin.Name, plugin.Summary, TextTable.Figure(plugin.Options.Count), TextTable.Figure(plugin.Default.Figures.Count), plugin.Source],
        Facts = plugin =>
        [
            Fact.Of("name", "experiment", plugin.Name), Fact.Of("summary", "what it models", plugin.Summary), Fact.Of("source", "source", plugin.Source),
            .. plugin.Default.Figures.Select(figure => Measured(figure)),
        ],
        Options = plugin => PluginKinds.Rows<Plugin<ExperimentSpec>>(plugin.Options),
        Note = "A scenario names one as 'experiment: NAME' or 'experiment: {use: NAME, option: value}' in place of fleet and traffic.",
    };

    private static Fact Measured(ExperimentFigure figure)
    {
        string unit = figure.Unit.Length > 0 ? $", {figure.Unit}" : "";
        return new(
            $"figures.{figure.Name}", "measures", $"{figure.Name}{unit}: {figure.Doc}",
            new JsonObject { ["unit"] = figure.Unit, ["meaning"] = figure.Doc });
    }
}
