using System.Globalization;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Units;
using Orrery.Live.Designs;
using Orrery.Serving.Swap;
using Orrery.Serving.Systems;
using Orrery.Traffic.Predictors;

namespace Orrery.Live.Tapes;

/// <summary>
/// A tape is text, one JSON object per line: first what was started, then what happened, with <c>t</c> the nanoseconds since the start and <c>m</c>
/// the model's number. It holds lengths and content ids, never tokens or text.
/// </summary>
/// <remarks>
/// Lines: <c>arrive</c>, <c>cancel</c>, <c>end</c> (a step has ended: which drafts were right, whom the model ended), <c>plan</c> (a decision),
/// <c>left</c>, and lines with <c>t</c> alone for instants at which a timer rang. Content ids are keyed by the process: two tapes share none.
/// </remarks>
internal static class TapeFormat
{
    /// <summary>Name and version of the format.</summary>
    public const string Schema = "orrery.tape/1";

    /// <summary>The design as the header holds it: documents know how to write and check options.</summary>
    public static Node ToNode(LiveDesign design)
    {
        List<KeyValuePair<string, Node>> keys =
        [
            Key("model", Node.Quoted(design.Model)),
            Key("scheduler", Schedulers.Registry.ToNode(design.Scheduler)),
            Key("blocks", Number(design.Blocks)),
            Key("prefixCache", Node.Plain(design.PrefixCache ? "true" : "false")),
            Key("maxModelTokens", Number(design.MaxModelTokens)),
            Key("stepTokens", Number(design.StepTokens)),
            Key("deviceMemoryBytes", Number(design.DeviceMemory.Count)),
            Key("calls", CallHandlers.Registry.ToNode(design.Calls)),
            Key("outputLength", PredictorSpec.Options.ToNode(design.OutputLength)),
            Key("callTimes", CallPredictorSpec.Options.ToNode(design.CallTimes)),
            Key("seed", Node.Plain(design.Seed.ToString(CultureInfo.InvariantCulture))),
            Key("knowsStepTimes", Node.Plain(design.KnowsStepTimes ? "true" : "false")),
        ];
        if (design.Swap is { } swap)
        {
            keys.Add(Key("hostSwap", SwapOptions.Set.ToNode(swap)));
            keys.Add(Key("hostTokens", Number(design.HostTokens)));
        }
        if (design.Draft is { } draft)
        {
            keys.Add(Key("draft", Node.Map([
                Key("control", DraftControls.Registry.ToNode(draft.Control)),
                Key("looksUp", Node.Plain(draft.LooksUp ? "true" : "false")),
                Key("positions", Number(draft.Positions)),
            ])));
        }
        return Node.Map(keys);
    }

    /// <exception cref="InputException">A key is unknown, missing or has a value that cannot be.</exception>
    public static LiveDesign Read(Node node)
    {
        MapReader map = node.AsMap();
        LiveDesign design = new()
        {
            Model = map.Required("model").AsText(),
            Scheduler = Schedulers.Registry.Read(map.Required("scheduler")),
            Blocks = map.Required("blocks").AsInt(1),
            PrefixCache = map.Required("prefixCache").AsBool(),
            MaxModelTokens = map.Required("maxModelTokens").AsInt(1),
            StepTokens = map.Required("stepTokens").AsInt(1),
            DeviceMemory = new Bytes(map.Required("deviceMemoryBytes").AsLong(0)),
            Calls = CallHandlers.Registry.Read(map.Required("calls")),
            OutputLength = PredictorSpec.Read(map.Required("outputLength")),
            CallTimes = CallPredictorSpec.Read(map.Required("callTimes")),
            Seed = ulong.Parse(map.Required("seed").AsText(), CultureInfo.InvariantCulture),
            KnowsStepTimes = map.Required("knowsStepTimes").AsBool(),
        };
        if (map.Optional("hostSwap") is { } swap) design = design with { Swap = SwapOptions.Read(swap), HostTokens = map.Required("hostTokens").AsLong(0) };
        if (map.Optional("draft") is { } draft) design = design with { Draft = ReadDraft(draft.AsMap()) };
        map.Done();
        return design;
    }

    private static LiveDraft ReadDraft(MapReader map)
    {
        LiveDraft draft = new(DraftControls.Registry.Read(map.Required("control")), map.Required("looksUp").AsBool(), map.Required("positions").AsInt(1));
        map.Done();
        return draft;
    }

    private static KeyValuePair<string, Node> Key(string key, Node value) => KeyValuePair.Create(key, value);

    private static Node Number(long value) => Node.Plain(value.ToString(CultureInfo.InvariantCulture));
}
