using Orrery.Documents;
using Orrery.Documents.Expectations;
using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Lab.Results;
using Orrery.Serving.Metrics;
using Orrery.Serving.Systems;
using Orrery.Traffic.Predictors;
using Orrery.Traffic.Specs;

namespace Orrery.Lab.Scenarios;

/// <summary>
/// From YAML to a checked <see cref="Scenario"/>. Every mistake (unknown key, wrong unit, a model that does not fit its devices) is found
/// here, before anything runs, and told in one sentence with its place.
/// </summary>
public static class ScenarioReader
{
    /// <summary>Reads a file with its includes, sets what the command line overrides, and checks everything.</summary>
    /// <param name="path">The scenario file.</param>
    /// <param name="overrides">Assignments <c>PATH=VALUE</c> of <c>--set</c>, applied in order.</param>
    /// <param name="seed">Replaces the scenario's seed.</param>
    /// <exception cref="InputException">Any mistake of the user.</exception>
    public static Scenario Load(string path, IReadOnlyList<string>? overrides = null, ulong? seed = null) =>
        Read(LoadTree(path, overrides), FolderOf(path), seed);

    /// <summary>The same for a file that may also run an experiment.</summary>
    /// <inheritdoc cref="Load"/>
    public static RunnableScenario LoadAny(string path, IReadOnlyList<string>? overrides = null, ulong? seed = null) =>
        ReadAny(LoadTree(path, overrides), FolderOf(path), seed);

    /// <summary>The tree of a file with includes and overrides, not yet checked: studies vary it before <see cref="Read"/>.</summary>
    /// <exception cref="InputException">The file is missing or malformed, or an override has no place in it.</exception>
    public static Node LoadTree(string path, IReadOnlyList<string>? overrides = null)
    {
        Node root = Document.LoadWithIncludes(path);
        foreach (string assignment in overrides ?? []) root = Overrides.Apply(root, assignment);
        return root;
    }

    /// <summary>The folder of a scenario file: where its relative file names start.</summary>
    public static string FolderOf(string path) => Path.GetDirectoryName(path) ?? "";

    /// <summary>Checks a tree that describes a fleet under traffic or an experiment.</summary>
    /// <inheritdoc cref="Read"/>
    public static RunnableScenario ReadAny(Node root, string folder, ulong? seed = null)
    {
        ArgumentNullException.ThrowIfNull(root);
        return root[ExperimentReader.Key] is null ? Read(root, folder, seed) : ExperimentReader.Read(root, folder, seed);
    }

    /// <summary>Checks a tree that describes a fleet under traffic.</summary>
    /// <param name="root">A scenario's root.</param>
    /// <param name="folder">Where relative file names start; "" is the current folder.</param>
    /// <param name="seed">Replaces the scenario's seed.</param>
    /// <exception cref="InputException">Any mistake of the user.</exception>
    public static Scenario Read(Node root, string folder, ulong? seed = null)
    {
        ArgumentNullException.ThrowIfNull(root);
        if (root.Kind == NodeKind.Null) throw root.Error("the scenario is empty; it needs at least model, fleet and traffic");
        MapReader map = root.AsMap();
        if (map.Optional(ExperimentReader.Key) is { } experiment) throw ExperimentReader.NeedsFleet(experiment);
        List<string> notes = [];
        string? name = map.Optional("name")?.AsText();
        FleetReader fleetReader = new(map, folder, notes);
        Node fleetNode = map.Optional("fleet") ?? throw root.Error(Missing("fleet", root, "[{device: h100-sxm, replicas: 4}]"));
        FleetControl control = FleetControl.Read(map);
        Node router = map.Optional("router") ?? Node.Plain(DefaultRouter);
        Node? predictors = map.Optional("predictors");
        Node traffic = map.Optional("traffic") ?? throw root.Error(Missing("traffic", root, "{generator: poisson, rate: 2/s, …}"));
        (ServiceObjective slo, double attainment) = ReadSlo(map.Map("slo"));
        Expectation[] expect = [.. map.List("expect").Select(node => Expectation.Parse(node, RunMetricTable.Infos))];
        Node? energy = map.Optional("energy");
        Node? power = map.Given("power");
        QoeRule qoe = ReadQoe(map.Map("qoe"));
        ulong ownSeed = (ulong)map.Long("seed", (long)Scenario.DefaultSeed, min: 0);
        // An unknown key first: it is often the reason for what seems missing below.
        map.Done();
        IReadOnlyList<FleetEntry> fleet = fleetReader.Read(fleetNode);
        control.Check(root, fleet);
        (PredictorSpec outputLength, RemainingSpec remainingLength, CallPredictorSpec calls) = ReadPredictors(predictors);
        NoteMissingForecasts(fleet, calls, notes);
        return new Scenario
        {
            Name = name ?? $"{fleet[0].Deployment.Model.Name} on {fleet[0].Deployment.Device.Name}",
            Fleet = fleet,
            Router = SystemRouters.Registry.Read(router),
            Control = control,
            OutputLength = outputLength,
            RemainingLength = remainingLength,
            Calls = calls,
            Traffic = ReadTraffic(traffic, folder),
            TrafficBlock = traffic,
            Slo = slo,
            Attainment = attainment,
            Expect = expect,
            Energy = EnergyReader.Read(energy),
            Power = power is null ? null : PowerReader.Read(power, fleet, notes),
            Qoe = qoe,
            Seed = seed ?? ownSeed,
            Folder = folder,
            Notes = notes,
        };
    }

    /// <summary>What a scenario without <c>router:</c> uses.</summary>
    public const string DefaultRouter = "least-loaded";

    private static string Missing(string key, Node root, string example)
    {
        string? near = Names.Nearest(key, root.Entries.Select(entry => entry.Key));
        if (near is null && Names.Nearest(ExperimentReader.Key, root.Entries.Select(entry => entry.Key)) is { } misspelt)
            return $"the key '{key}' is missing; is '{misspelt}' a misspelling of '{ExperimentReader.Key}'?";
        return near is null
            ? $"the key '{key}' is missing; write for example {key}: {example}"
            : $"the key '{key}' is missing; is '{near}' a misspelling of it?";
    }

    private static TrafficSpec ReadTraffic(Node traffic, string folder)
    {
        if (traffic["adapters"] is { } adapters) throw NotSimulated(adapters, "adapters (LoRA)");
        return TrafficSpec.Read(traffic, folder);
    }

    /// <summary>Who decides before a call has begun must know something of it.</summary>
    private static void NoteMissingForecasts(IReadOnlyList<FleetEntry> fleet, CallPredictorSpec calls, List<string> notes)
    {
        if (calls.Use == "none" && fleet.Any(entry => entry.Design.Calls.NeedsForecasts))
            notes.Add("fleet: nothing foretells tool calls, so the handling that decides ahead keeps all KV; write for example predictors: {calls: oracle}");
    }

    private static (PredictorSpec OutputLength, RemainingSpec Remaining, CallPredictorSpec Calls) ReadPredictors(Node? node)
    {
        if (node is null) return (new(), new(), new());
        MapReader map = node.AsMap();
        PredictorSpec outputLength = map.Optional("outputLength") is { } length ? PredictorSpec.Read(length) : new();
        RemainingSpec remaining = map.Optional("remaining") is { } rest ? RemainingSpec.Read(rest) : new();
        CallPredictorSpec calls = map.Optional("calls") is { } pauses ? CallPredictorSpec.Read(pauses) : new();
        map.Done();
        return (outputLength, remaining, calls);
    }

    internal static (ServiceObjective Slo, double Attainment) ReadSlo(MapReader? map)
    {
        if (map is null) return (ServiceObjective.None, Scenario.DefaultAttainment);
        const double slowest = 1e-3;
        const double fastest = 1e9;
        const int longestSpan = 1_000_000;
        double prompt = map.Has("promptTokensPerSecond") ? map.Required("promptTokensPerSecond").AsNumber(slowest, fastest) : 0;
        double pace = map.Has("tokensPerSecond") ? map.Required("tokensPerSecond").AsNumber(slowest, fastest) : 0;
        if (map.Has("span") && pace == 0) throw map.Required("span").KeyError("a span smooths tokensPerSecond; write for example {tokensPerSecond: 4, span: 16}");
        int span = map.Int("span", PaceObjective.DefaultSpanTokens, 1, longestSpan);
        ServiceObjective slo = new(Limit(map, "ttft"), Limit(map, "tpot"))
        {
            PromptTokensPerSecond = prompt,
            Pace = pace > 0 ? new(pace, span) : default,
        };
        double attainment = map.Number("attainment", Scenario.DefaultAttainment, 0, 1);
        map.Done();
        return (slo, attainment);
    }

    private static Duration Limit(MapReader map, string key)
    {
        Duration limit = map.Duration(key, Duration.Infinite);
        return limit > Duration.Zero ? limit : throw map.Required(key).Error("a limit of 0s cannot be met; leave the key out for no limit");
    }

    internal static QoeRule ReadQoe(MapReader? map)
    {
        if (map is null) return new();
        QoeRule rule = QoeRule.Set.Read(map);
        map.Done();
        return rule;
    }

    /// <summary>The error for a part of the scenario language that this version knows and does not simulate.</summary>
    internal static InputException NotSimulated(Node node, string what) =>
        node.KeyError($"{what}: not simulated by this version; remove the key");
}
