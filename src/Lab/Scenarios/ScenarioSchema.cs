using System.Text.Json.Nodes;
using Orrery.Documents;
using Orrery.Serving.Elasticity;
using Orrery.Serving.Execution;
using Orrery.Serving.Fleets;
using Orrery.Serving.Memory;
using Orrery.Serving.Metrics;
using Orrery.Serving.Power;
using Orrery.Serving.Routing;
using Orrery.Serving.Speculation;
using Orrery.Serving.Swap;
using Orrery.Serving.Systems;
using Orrery.Traffic.Catalogue;
using Orrery.Traffic.Predictors;
using Orrery.Traffic.Readers;
using Orrery.World.Catalogue;

namespace Orrery.Lab.Scenarios;

/// <summary>
/// The JSON schema of scenarios, for completion and checks in editors. Options of plug-ins come from their own declarations; the frame
/// stands here. The reader is stricter: it also knows what fits together.
/// </summary>
public static class ScenarioSchema
{
    private const string Draft = "https://json-schema.org/draft/2020-12/schema";

    private static readonly Lazy<HashSet<string>> Roots =
        new(() => [.. Create()["properties"]!.AsObject().Select(property => property.Key)]);

    /// <summary>Keys that a scenario may have at its root.</summary>
    internal static IReadOnlySet<string> RootKeys => Roots.Value;

    /// <summary>A fresh copy of the schema; committed as <c>schema/scenario.schema.json</c>.</summary>
    public static JsonObject Create()
    {
        JsonObject root = Mapping(
            "An Orrery scenario: world, traffic, systems and goals.",
            ("include", OneOrMany("A file, or files, that this one is laid over; relative to this file.")),
            ("name", Text("Shown in results.")),
            (ExperimentReader.Key, Choice(Experiments.Registry, "A model that is run instead of a fleet under traffic; of the other keys it takes name, expect and seed.")),
            ("model", Model()),
            ("precision", Precision()),
            ("maxModelLength", Whole("Longest sequence in tokens, prompt and output together; default: the model's.", 2)),
            ("positionScaling", Whole("Factor by which rotary positions are stretched, so that the model reads longer sequences; default 1.", 1)),
            ("profile", Profile()),
            ("engine", Engine()),
            ("fleet", new JsonObject { ["type"] = "array", ["minItems"] = 1, ["items"] = Entry() }),
            ("router", Choice(SystemRouters.Registry, "Chooses the replica of each request.")),
            ("handOver", Options(HandOverOptions.Set.ToJsonSchema(), "How the KV of a prompt gets from a prefill replica to the one that decodes.")),
            ("links", Options(LinkOptions.Set.ToJsonSchema(), "The network between replicas.")),
            ("observation", Options(ObservationOptions.Set.ToJsonSchema(), "How late routers and controllers see the replicas.")),
            ("rebalancer", Choice(Rebalancers.Registry, "Moves running requests between replicas; default: nobody does.")),
            ("autoscaler", Choice(Autoscalers.Registry, "Starts and stops replicas; default: nobody does.")),
            ("startup", Options(StartupOptions.Set.ToJsonSchema(), "What passes between the decision to start a replica and its first step.")),
            ("lending", Choice(Lenders.Registry, "Replicas lend KV memory to each other; default: each has its own alone.")),
            ("availability", Mapping(
                "Replicas that their provider may take back.",
                ("trace", Text("Name of a capacity trace, or one such as 0:7, 240:8, end 1320.")),
                ("grace", Of(Quantity.Duration, "From a notice to the loss; default 30s.")),
                ("hourlyPrice", Number("Dollars per hour of such a replica; default: the device's price.", 0, null)))),
            ("predictors", Mapping("What policies are told about the future.", ("outputLength", Predictor()), ("remaining", Remaining()), ("calls", CallPredictor()))),
            ("traffic", Traffic()),
            ("slo", Mapping(
                "Limits that each request is held to.",
                ("ttft", Of(Quantity.Duration, "Time to the first token.")),
                ("tpot", Of(Quantity.Duration, "Time per further token.")),
                ("promptTokensPerSecond", Number("The first token is due after the prompt's tokens divided by this.", 0, null)),
                ("tokensPerSecond", Number("Least moving average of the rate of output tokens, after every token.", 0, null)),
                ("span", Whole("Span of that average in tokens; default 16.", 1)),
                ("attainment", Number("Share of requests that must be within the limits.", 0, 1)))),
            ("expect", new JsonObject
            {
                ["type"] = "array",
                ["description"] = "Goals that decide the exit code.",
                ["items"] = Text("Such as p99(gap) <= 200ms or attainment >= 0.9."),
            }),
            ("energy", Energy()),
            ("power", Power()),
            ("qoe", Qoe()),
            ("seed", Whole("Seed of everything random.", 0)));
        root.Insert(0, "$schema", Draft);
        root.Insert(1, "title", "Orrery scenario");
        return root;
    }

    private static JsonObject Entry() => Mapping(
        "Equal replicas.",
        ("device", new JsonObject { ["description"] = "Catalogue name or a description in place.", ["type"] = new JsonArray("string", "object") }),
        ("replicas", Whole("How many.", 1)),
        ("tensor", Whole("Tensor parallel degree.", 1)),
        ("pipeline", Whole("Pipeline stages.", 1)),
        ("expert", Whole("Expert parallel degree.", 1)),
        ("data", Whole("Data parallel ranks within the replica.", 1)),
        ("role", new JsonObject { ["description"] = "Phases that these replicas are there for.", ["enum"] = Names(ChoiceNames.All<ReplicaRole>()) }),
        ("priority", new JsonObject { ["description"] = "Whose requests the replicas serve: high, priority 0 and below; low, above 0, slowed down first when power runs short. Default high.", ["enum"] = new JsonArray("high", "low") }),
        ("scheduler", Choice(Schedulers.Registry, "Decides what each step computes.")),
        ("memory", Memory()),
        ("calls", Choice(CallHandlers.Registry, "What becomes of the KV of a sequence that waits for a tool.")),
        ("execution", Choice(ExecutionStyles.Registry, "How the operations of a step are laid out on the device.")),
        ("stepTimes", new JsonObject
        {
            ["description"] = "Published step times, and the KV memory published with them, in place of the device's profile.",
            ["enum"] = Names([.. Catalog.StepTimes.Select(table => table.Name)]),
        }),
        ("finetune", Choice(FinetuneStyles.Registry, "Adapters are finetuned beside inference, as long as there is traffic; default: nothing is.")),
        ("draft", DraftAndVerify()),
        ("model", Model()),
        ("precision", Precision()),
        ("maxModelLength", Whole("Longest sequence in tokens; default: the root's.", 2)),
        ("positionScaling", Whole("Factor by which rotary positions are stretched; default: the root's.", 1)),
        ("profile", Profile()),
        ("engine", Engine()),
        ("powerCap", Of(Quantity.Power, "Limit set on each device's power; what computes slows, what waits for memory does not; default: the device's own limit.")),
        ("network", new JsonObject { ["description"] = "Link between machines: catalogue name or a description.", ["type"] = new JsonArray("string", "object") }));

    private static JsonObject Options(JsonObject schema, string doc)
    {
        schema["description"] = doc;
        return schema;
    }

    private static JsonObject Model() => AnyOf(
        "What is served.",
        Text("Catalogue name or a common alias."),
        ArchitectureFile());

    private static JsonObject ArchitectureFile() =>
        Mapping("An architecture file: one of the keys.", ("config", Text("Path of a Hugging Face config.json.")), ("gguf", Text("Path of a GGUF model file; its header is read.")));

    private static JsonObject Profile() => AnyOf(
        "What the device reaches: its own measurements or those learnt on others, or constants.",
        new JsonObject { ["enum"] = Names(ProfileReader.Names) },
        Mapping("A profile of your own.", ("file", Text("Path of the profile; relative to the scenario."))));

    private static JsonObject Engine() => new()
    {
        ["description"] = "Engine version: CPU time around steps, captured sizes, memory.",
        ["enum"] = Names([.. Catalog.Engines.Select(engine => engine.Name)]),
    };

    private static JsonObject Precision() => Mapping(
        "Number formats.",
        ("weights", Format("Stored weights.")),
        ("kv", Format("Stored keys and values.")),
        ("activations", Format("What the matrix units compute in.")));

    private static JsonObject Format(string doc) => new()
    {
        ["description"] = doc,
        ["enum"] = new JsonArray([.. ChoiceNames.All<World.Hardware.Precision>().Select(name => (JsonNode)name)]),
    };

    private static JsonObject Memory()
    {
        JsonObject memory = Choice(Memories.Registry, "KV memory of a replica.", Memories.Usual);
        foreach (JsonNode? form in memory["anyOf"]!.AsArray())
            if (form!["properties"] is JsonObject keys) keys["hostSwap"] = AnyOf("Host memory for preempted sequences.", Of(Quantity.Bytes, "Host memory per device."), SwapOptions.Set.ToJsonSchema());
        return memory;
    }

    private static JsonObject DraftAndVerify()
    {
        JsonObject draft = Mapping(
            "Speculative decoding: tokens are proposed by a draft model or by prompt lookup and verified together.",
            ("model", AnyOf(
                "What proposes: a model on the same devices, or ngram for prompt lookup.",
                Text("Catalogue name or a common alias, or ngram."),
                ArchitectureFile())),
            ("control", Choice(DraftControls.Registry, "Decides how many tokens are proposed.")),
            ("acceptance", AnyOf("How good the proposals are.", Number("Probability that a proposed token is right.", 0, 1), AcceptanceSpec.Set.ToJsonSchema())),
            ("searchTime", Of(Quantity.Duration, "ngram: time of the search in each step that runs one.")));
        draft["required"] = new JsonArray("model");
        return draft;
    }

    private static JsonObject Predictor() => AnyOf(
        "Estimate of the output length.",
        new JsonObject { ["enum"] = Names(PredictorSpec.Kinds) },
        PredictorSpec.Options.ToJsonSchema());

    private static JsonObject Remaining() => AnyOf(
        "Estimate of what is left of a running request's output.",
        new JsonObject { ["enum"] = Names(RemainingSpec.Kinds) },
        RemainingSpec.Options.ToJsonSchema());

    private static JsonObject CallPredictor() => AnyOf(
        "Estimate of the next tool call.",
        new JsonObject { ["enum"] = Names(CallPredictorSpec.Kinds) },
        CallPredictorSpec.Options.ToJsonSchema());

    private static JsonObject Energy()
    {
        JsonObject energy = EnergyReader.Options.ToJsonSchema();
        energy["description"] = "What turns energy into carbon and water.";
        energy["properties"]!["grid"] = Text("Catalogue name of a grid, or an intensity such as 168g/kWh.");
        return energy;
    }

    private static JsonObject Power()
    {
        JsonObject power = Choice(PowerManagers.Registry, "The breaker that the fleet stands behind, and what keeps it closed.", PowerReader.Usual);
        foreach (JsonNode? form in power["anyOf"]!.AsArray())
        {
            if (form!["properties"] is not JsonObject keys) continue;
            keys["budget"] = Of(Quantity.Power, "What the breaker carries; default: the rated power of the fleet's servers.");
            foreach ((string key, JsonNode? option) in RowPowerOptions.Set.ToJsonSchema()["properties"]!.AsObject()) keys[key] = option!.DeepClone();
        }
        return power;
    }

    private static JsonObject Qoe()
    {
        JsonObject qoe = QoeRule.Set.ToJsonSchema();
        qoe["description"] = "What readers expect, and how QoE counts it.";
        return qoe;
    }

    private static JsonObject Traffic()
    {
        JsonObject properties = new()
        {
            ["generator"] = new JsonObject { ["description"] = "A process, a model or a fitted generator.", ["enum"] = Names(GeneratorInfo.AllNames) },
            ["file"] = Text("A request trace; relative to the scenario."),
            ["format"] = new JsonObject { ["description"] = "Format of the trace; default: by its looks.", ["enum"] = Names([.. TraceFormat.All.Select(f => f.Name)]) },
            ["speed"] = Any("Factor on the trace's rate, such as 2x."),
            ["limit"] = Any("Most rows of the trace."),
            ["from"] = Any("First time of the trace that counts."),
            ["to"] = Any("Time of the trace at which it ends."),
            ["repeat"] = Any("How often the trace is played."),
            ["sort"] = Any("Sort rows by arrival."),
            ["arrivals"] = Any("Process that replaces the trace's own times."),
            ["lengths"] = Any("Prompt lengths with an output curve for each bin of them."),
        };
        foreach (GeneratorKey key in GeneratorInfo.CommonKeys.Concat(GeneratorInfo.All.SelectMany(generator => generator.Keys)))
            if (!properties.ContainsKey(key.Key)) properties[key.Key] = Any($"{Sentence(key.Doc)} Example: {key.Example}");
        return new() { ["description"] = "What arrives: a generator or a trace file.", ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
    }

    private static JsonObject Choice<TSpec>(PluginRegistry<TSpec> registry, string doc, string? usual = null)
        where TSpec : class
    {
        List<JsonNode> forms = [new JsonObject { ["enum"] = Names(registry.Names) }];
        foreach (Plugin<TSpec> plugin in registry.All)
        {
            JsonObject options = plugin.ToJsonSchema();
            options["description"] = $"{plugin.Summary} Source: {plugin.Source}";
            JsonObject properties = options["properties"]!.AsObject();
            properties.Insert(0, "use", new JsonObject { ["const"] = plugin.Name });
            if (plugin.Name != usual) options["required"] = new JsonArray("use");
            forms.Add(options);
        }
        return new() { ["description"] = doc, ["anyOf"] = new JsonArray([.. forms]) };
    }

    private static JsonObject Mapping(string doc, params IReadOnlyList<(string Key, JsonObject Schema)> keys)
    {
        JsonObject properties = [];
        foreach ((string key, JsonObject schema) in keys) properties[key] = schema;
        return new() { ["description"] = doc, ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
    }

    private static JsonObject AnyOf(string doc, params JsonObject[] forms) =>
        new() { ["description"] = doc, ["anyOf"] = new JsonArray([.. forms]) };

    private static JsonObject Text(string doc) => new() { ["description"] = doc, ["type"] = "string" };

    private static JsonObject Any(string doc) => new() { ["description"] = doc };

    private static JsonObject OneOrMany(string doc) => new()
    {
        ["description"] = doc,
        ["type"] = new JsonArray("string", "array"),
        ["items"] = new JsonObject { ["type"] = "string" },
    };

    private static JsonObject Whole(string doc, int min) => new() { ["description"] = doc, ["type"] = "integer", ["minimum"] = min };

    private static JsonObject Number(string doc, double min, double? max)
    {
        JsonObject number = new() { ["description"] = doc, ["type"] = "number", ["minimum"] = min };
        if (max is { } largest) number["maximum"] = largest;
        return number;
    }

    private static JsonObject Of(Quantity kind, string doc) =>
        new() { ["description"] = doc, ["type"] = "string", ["pattern"] = Quantities.Pattern(kind) };

    private static JsonArray Names(IReadOnlyList<string> names) => new([.. names.Select(name => (JsonNode)name)]);

    private static string Sentence(string doc) => doc.Length == 0 ? doc : char.ToUpperInvariant(doc[0]) + doc[1..] + ".";
}
