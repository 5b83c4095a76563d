using Orrery.Cli.Tables;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Serving.Elasticity;
using Orrery.Serving.Fleets;
using Orrery.Serving.Systems;
using Orrery.Traffic.Predictors;

namespace Orrery.Cli.Catalogues;

/// <summary>Something that a scenario names with <c>use:</c>, whatever its kind.</summary>
/// <param name="WhyNotLive">Why <c>serve</c> cannot use it, a clause; null where it can.</param>
internal sealed record PluginEntry(string Name, string Summary, string Source, IReadOnlyList<OptionInfo> Options, string? WhyNotLive = null);

/// <summary>Tables of schedulers, routers, predictors and KV memories: all with the same columns.</summary>
internal static class PluginKinds
{
    public static CatalogKind<PluginEntry> Schedulers { get; } = Of("scheduler", () => Entries(Serving.Systems.Schedulers.Registry, spec => spec.WhyNotLive),
        "A scenario names one as 'scheduler: NAME' or 'scheduler: {use: NAME, option: value}'.");

    public static CatalogKind<PluginEntry> Routers { get; } = Of("router", () => Entries(SystemRouters.Registry),
        "A scenario names one as 'router: NAME' or 'router: {use: NAME, option: value}'.");

    public static CatalogKind<PluginEntry> Predictors { get; } = Of("predictor", PredictorEntries,
        "A scenario names one under 'predictors: {outputLength: …}', or without its prefix under 'predictors: {remaining: …}' and 'predictors: {calls: …}'.");

    public static CatalogKind<PluginEntry> Memories { get; } = Of("memory",
        () => [.. Entries(Serving.Memory.Memories.Registry, spec => spec.WhyNotLive).Select(entry => entry with { Options = [.. entry.Options, .. PartOptions.HostSwap] })],
        "A scenario names one as 'memory: {use: NAME, option: value}' in a fleet entry; 'hostSwap: 16GiB' or 'hostSwap: {size: 16GiB, option: value}' among them adds a pool in host memory.");

    public static CatalogKind<PluginEntry> CallHandlers { get; } = Of("handling of calls", () => Entries(Serving.Systems.CallHandlers.Registry),
        "A scenario names one as 'calls: NAME' or 'calls: {use: NAME, option: value}' in a fleet entry.");

    public static CatalogKind<PluginEntry> Executions { get; } = Of("execution", () => Entries(Serving.Execution.ExecutionStyles.Registry, spec => spec.WhyNotLive),
        "A scenario names one as 'execution: NAME' or 'execution: {use: NAME, option: value}' in a fleet entry.");

    public static CatalogKind<PluginEntry> Finetunings { get; } = Of("finetuning", () => Entries(Serving.Systems.FinetuneStyles.Registry, spec => spec.WhyNotLive),
        "A scenario names one as 'finetune: NAME' or 'finetune: {use: NAME, option: value}' in a fleet entry, over any scheduler and execution style.");

    public static CatalogKind<PluginEntry> DraftControls { get; } = Of("draft control", PartOptions.Drafts(() => Entries(Serving.Systems.DraftControls.Registry)),
        "A scenario names one as 'draft: {model: NAME, control: {use: NAME, option: value}}' in a fleet entry, under any scheduler without a rectangular batch.");

    public static CatalogKind<PluginEntry> PowerManagers { get; } = Of("power manager",
        () => [.. Entries(Serving.Systems.PowerManagers.Registry, _ => "this version sets no clocks of live devices").Select(entry => entry with { Options = [.. entry.Options, .. Serving.Power.RowPowerOptions.Set.Options] })],
        "A scenario names one as 'power: NAME' or 'power: {use: NAME, budget: 260kW, option: value}'; 'priority: low' in a fleet entry says whose servers are slowed down first.");

    public static CatalogKind<PluginEntry> Rebalancers { get; } = Of("rebalancer", () => Entries(Serving.Systems.Rebalancers.Registry, _ => StaysHere),
        "A scenario names one at its root as 'rebalancer: NAME' or 'rebalancer: {use: NAME, option: value}'; docs/fleets.md.");

    public static CatalogKind<PluginEntry> Autoscalers { get; } = Of("autoscaler", () => Entries(Serving.Systems.Autoscalers.Registry, _ => StaysHere),
        "A scenario names one at its root as 'autoscaler: NAME' or 'autoscaler: {use: NAME, option: value}'; docs/fleets.md.");

    public static CatalogKind<PluginEntry> Lenders { get; } = Of("lending", () => Entries(Serving.Systems.Lenders.Registry, _ => StaysHere),
        "A scenario names one at its root as 'lending: NAME' or 'lending: {use: NAME, option: value}'; docs/lending.md.");

    /// <summary>Keys of a scenario's root that take options and no name.</summary>
    public static CatalogKind<PluginEntry> FleetParts { get; } = Of("part of a fleet", () =>
        [
            new("handOver", "How the KV of a prompt goes from a replica with role: prefill to one with role: decode.", "DistServe, Splitwise (b)", HandOverOptions.Set.Options, StaysHere),
            new("links", "The network between replicas: ports, a limit per transfer, a backbone that all share.", "our model (d)", LinkOptions.Set.Options, StaysHere),
            new("observation", "How late routers, rebalancers and autoscalers see the replicas.", "our model (d)", ObservationOptions.Set.Options),
            new("startup", "What passes before a started replica serves: machine, engine, weights.", "our model (d)", StartupOptions.Set.Options, StaysHere),
        ],
        "A scenario writes them at its root, such as 'links: {bandwidth: 25GB/s}'; docs/fleets.md.");

    private const string StaysHere = "live replicas of this version neither move requests nor start others";

    private static CatalogKind<PluginEntry> Of(string noun, Func<IReadOnlyList<PluginEntry>> all, string note) => new()
    {
        All = all,
        Find = name => all().FirstOrDefault(entry => entry.Name == name)
            ?? throw new InputException($"there is no {noun} '{name}'{Names.Suggest(name, [.. all().Select(entry => entry.Name)])}"),
        Columns = [new(noun, IsNumber: false), new("what it does", IsNumber: false, Wraps: true), new("options"), new("source", IsNumber: false, Wraps: true)],
        Row = entry => [entry.Name, entry.Summary, TextTable.Figure(entry.Options.Count), entry.Source],
        Facts = entry =>
        [
            Fact.Of("name", noun, entry.Name), Fact.Of("summary", "what it does", entry.Summary), Fact.Of("source", "source", entry.Source),
            Fact.Of("live", "runs live", entry.WhyNotLive is { } why ? $"no: {why}" : "yes"),
        ],
        Options = entry => Rows<PluginEntry>(entry.Options),
        Note = note,
    };

    private static IReadOnlyList<PluginEntry> Entries<TSpec>(PluginRegistry<TSpec> registry, Func<TSpec, string?>? whyNotLive = null)
        where TSpec : class =>
        [.. registry.All.Select(plugin => new PluginEntry(plugin.Name, plugin.Summary, plugin.Source, plugin.Options, whyNotLive?.Invoke(plugin.Default)))];

    private static IReadOnlyList<PluginEntry> PredictorEntries()
    {
        const string truth = "it is made from the true length, which nobody knows before a live answer has ended";
        const string probe = "the CPU engine has no probe on hidden states";
        string[] noise = ["meanError", "longest", "bins", "referenceMedian", "referenceSigma"];
        static IReadOnlyList<OptionInfo> Only(params string[] keys) => [.. PredictorSpec.Options.Options.Where(option => keys.Contains(option.Key))];
        IReadOnlyList<OptionInfo> callOptions = [.. CallPredictorSpec.Options.Options.Where(option => option.Key != "use")];
        return
        [
            .. PredictorSpec.Kinds.Select(kind => kind switch
            {
                "oracle" => new PluginEntry(kind, "The true output length, with a relative error where one is set.", "this project", Only("relativeError"), truth),
                "noisy" => new PluginEntry(kind, "The true output length with log-normal noise tuned to a mean absolute error.", "arXiv 2410.01035 (b)", Only(noise), truth),
                "class-mean" => new PluginEntry(kind, "The mean output length of the client's finished requests.", "this project", []),
                "constant" => new PluginEntry(kind, "The same guess for every request.", "this project", Only("tokens")),
                _ => new PluginEntry(kind, "Policies learn nothing about output lengths.", "this project", []),
            }),
            new PluginEntry("remaining-none", "Nothing looks at running requests: policies count the first prediction down.", "this project", []),
            new PluginEntry("remaining-oracle", "What is truly left of a running request's output.", "this project", [], truth),
            new PluginEntry("remaining-noisy", "What is left, with an error over time tuned to a mean absolute error that shrinks toward the end.",
                "arXiv 2410.01035 (b)", [.. RemainingSpec.Options.Options.Where(option => option.Key != "use")], probe),
            new PluginEntry("calls-none", "Policies learn nothing about tool calls before they are made.", "this project", []),
            new PluginEntry("calls-oracle", "Every tool call as it will be.", "this project", [], truth),
            new PluginEntry("calls-noisy", "The next tool call with normal noise on tokens before it and duration, tokens in bins.", "arXiv 2410.18248 (b)", callOptions, truth),
            new PluginEntry("calls-class-mean", "As calls-noisy, but the duration is the mean of the client's finished calls.", "arXiv 2410.18248 (b)", callOptions),
        ];
    }

    /// <summary>Options as detail pages show them.</summary>
    public static IReadOnlyList<CatalogKind<T>.Option> Rows<T>(IReadOnlyList<OptionInfo> options) =>
        [.. options.Select(option => new CatalogKind<T>.Option(option.Key, Takes(option), option.Default, option.Doc, option.Source))];

    private static string Takes(OptionInfo option)
    {
        if (option.Choices.Count > 0) return string.Join(" | ", option.Choices);
        string unit = option.Unit.Length > 0 ? $" in {option.Unit}" : "";
        string range = option.Range.Length > 0 ? $", {option.Range}" : "";
        return option.TypeName + unit + range;
    }
}
