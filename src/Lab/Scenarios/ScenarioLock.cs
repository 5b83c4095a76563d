using System.Globalization;
using Orrery.Documents;
using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Metrics;
using Orrery.Serving.Replicas;
using Orrery.Serving.Swap;
using Orrery.Serving.Systems;
using Orrery.Traffic.Predictors;
using Orrery.World.Deployments;

namespace Orrery.Lab.Scenarios;

/// <summary>
/// A scenario with every default resolved, so that a later version with other defaults runs the same thing. The reader takes it like any
/// scenario; file names are absolute.
/// </summary>
public static class ScenarioLock
{
    private const string Heading = "Every default of this run, resolved. `orrery simulate` on this file repeats it.";

    /// <summary>The text of <c>scenario.lock.yaml</c>.</summary>
    public static string Write(RunnableScenario s) => YamlText.Write(
        s switch
        {
            ExperimentScenario experiment => ToNode(experiment),
            _ => ToNode((Scenario)s),
        },
        Heading);

    private static Node ToNode(ExperimentScenario s)
    {
        List<KeyValuePair<string, Node>> keys =
        [
            Key("name", Node.Quoted(s.Name)),
            Key("seed", s.Seed.ToString(CultureInfo.InvariantCulture)),
            Key(ExperimentReader.Key, Experiments.Registry.ToNode(s.Experiment)),
        ];
        if (s.Expect.Count > 0) keys.Add(Expect(s));
        return Node.Map(keys);
    }

    private static KeyValuePair<string, Node> Expect(RunnableScenario s) => Key("expect", Node.List([.. s.Expect.Select(e => Node.Quoted(e.ToString()))]));

    /// <summary>The same as a tree.</summary>
    public static Node ToNode(Scenario s)
    {
        ArgumentNullException.ThrowIfNull(s);
        List<KeyValuePair<string, Node>> keys =
        [
            Key("name", Node.Quoted(s.Name)),
            Key("seed", s.Seed.ToString(CultureInfo.InvariantCulture)),
            Key("fleet", Node.List([.. s.Fleet.Select(Entry)])),
            Key("router", SystemRouters.Registry.ToNode(s.Router)),
            Key("predictors", Node.Map(
                [
                    Key("outputLength", PredictorSpec.Options.ToNode(s.OutputLength)),
                    Key("remaining", RemainingSpec.Options.ToNode(s.RemainingLength)),
                    Key("calls", CallPredictorSpec.Options.ToNode(s.Calls)),
                ])),
            Key("traffic", WithAbsoluteFile(s.TrafficBlock, s.Folder)),
            Key("slo", Slo(s)),
        ];
        keys.AddRange(s.Control.ToNodes());
        if (s.Expect.Count > 0) keys.Add(Expect(s));
        keys.Add(Key("energy", EnergyReader.ToNode(s.Energy)));
        keys.Add(Key("qoe", QoeRule.Set.ToNode(s.Qoe)));
        return Node.Map(keys);
    }

    private static Node Entry(FleetEntry entry)
    {
        Deployment deployment = entry.Deployment;
        ParallelPlan parallel = deployment.Parallel;
        PrecisionPlan precision = deployment.Precision;
        List<KeyValuePair<string, Node>> keys =
        [
            Key("device", entry.Written.Device),
            Key("replicas", Number(entry.Replicas)),
            Key("model", entry.Written.Model),
            Key("maxModelLength", Number(entry.Written.MaxModelTokens)),
            Key("precision", Node.Map(
                [
                    Key("weights", ChoiceNames.Of(precision.Weights)),
                    Key("kv", ChoiceNames.Of(precision.Kv)),
                    Key("activations", ChoiceNames.Of(precision.Activations)),
                ])),
            Key("tensor", Number(parallel.Tensor)),
            Key("pipeline", Number(parallel.Pipeline)),
            Key("expert", Number(parallel.Expert)),
            Key("data", Number(parallel.Data)),
            Key("role", ChoiceNames.Of(entry.Design.Role)),
            Key("scheduler", Schedulers.Registry.ToNode(entry.Scheduler)),
            Key("memory", Memory(entry.Design)),
            Key("calls", CallHandlers.Registry.ToNode(entry.Design.Calls)),
            Key("execution", ExecutionStyles.Registry.ToNode(entry.Design.Execution)),
        ];
        if (entry.Design.Finetune is { } finetune) keys.Add(Key("finetune", FinetuneStyles.Registry.ToNode(finetune)));
        if (entry.Design.Draft is { } draft) keys.Add(Key("draft", DraftReader.ToNode(draft, entry.Written.DraftModel!)));
        if (entry.Written.PositionScaling > 1) keys.Add(Key("positionScaling", Number(entry.Written.PositionScaling)));
        keys.Add(Key("profile", entry.Written.Profile));
        keys.Add(Key("engine", deployment.Engine.Name));
        if (deployment.Device.PowerCap is { } cap) keys.Add(Key("powerCap", Quantities.Format(cap.Value, Quantity.Power)));
        if (entry.Written.Network is { } network) keys.Add(Key("network", network));
        return Node.Map(keys);
    }

    private static Node Memory(ReplicaDesign design)
    {
        Node memory = Memories.Registry.ToNode(design.Memory);
        return design.Swap is { } swap ? Node.Map([.. memory.Entries, Key("hostSwap", SwapOptions.Set.ToNode(swap))]) : memory;
    }

    private static Node Slo(Scenario s)
    {
        List<KeyValuePair<string, Node>> keys = [];
        if (!s.Slo.Ttft.IsInfinite) keys.Add(Key("ttft", Time(s.Slo.Ttft)));
        if (!s.Slo.Tpot.IsInfinite) keys.Add(Key("tpot", Time(s.Slo.Tpot)));
        if (s.Slo.PromptTokensPerSecond > 0) keys.Add(Key("promptTokensPerSecond", s.Slo.PromptTokensPerSecond.ToString("R", CultureInfo.InvariantCulture)));
        if (s.Slo.Pace.Exists)
        {
            keys.Add(Key("tokensPerSecond", s.Slo.Pace.TokensPerSecond.ToString("R", CultureInfo.InvariantCulture)));
            keys.Add(Key("span", Number(s.Slo.Pace.SpanTokens)));
        }
        keys.Add(Key("attainment", s.Attainment.ToString("R", CultureInfo.InvariantCulture)));
        return Node.Map(keys);
    }

    /// <summary>Relative names start from the scenario's folder, which the lock file may have left.</summary>
    private static Node WithAbsoluteFile(Node traffic, string folder)
    {
        if (traffic["file"] is not { } file) return traffic;
        Node absolute = Node.Quoted(Path.GetFullPath(Path.Combine(folder, file.Text)));
        return Node.Map([.. traffic.Entries.Select(entry => entry.Key == "file" ? Key("file", absolute) : entry)]);
    }

    private static KeyValuePair<string, Node> Key(string key, Node value) => KeyValuePair.Create(key, value);

    private static KeyValuePair<string, Node> Key(string key, string plain) => KeyValuePair.Create(key, Node.Plain(plain));

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Time(Duration value) => Quantities.Format(value.Seconds, Quantity.Duration);
}
