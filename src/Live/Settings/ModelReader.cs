using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Serving.Swap;
using Orrery.Serving.Systems;
using Orrery.Traffic.Predictors;

namespace Orrery.Live.Settings;

/// <summary>An entry of the <c>models:</c> of a serving file.</summary>
public static class ModelReader
{
    private const int MostStepTokens = 65_536;
    private const int LongestMatch = 64;
    private const float StrongestAdapter = 100f;

    private const int LongestId = 128;

    /// <param name="entry">A mapping, or the name of a GGUF file.</param>
    /// <param name="folder">What relative paths start from.</param>
    /// <exception cref="InputException">A key or a value is wrong.</exception>
    public static ModelSettings Read(Node entry, string folder)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (entry.Kind == NodeKind.Scalar) return new() { File = FileOf(entry, folder) };
        MapReader map = entry.AsMap();
        ModelSettings usual = new();
        ModelSettings model = new()
        {
            Id = map.Optional("id") is { } id ? IdOf(id) : null,
            File = map.Optional("file") is { } file ? FileOf(file, folder) : null,
            Scheduler = map.Optional("scheduler") is { } scheduler ? Schedulers.Registry.Read(scheduler) : usual.Scheduler,
            ContextLength = map.Int("maxModelLength", 0, 2),
            KvMemory = map.Optional("kvMemory")?.AsBytes(),
            KvType = map.Choice("kvType", usual.KvType),
            PrefixCache = map.Optional("prefixCache")?.AsBool(),
            Swap = map.Optional("hostSwap") is { } swap ? SwapOptions.Read(swap) : null,
            Calls = map.Optional("calls") is { } calls ? CallHandlers.Registry.Read(calls) : usual.Calls,
            Draft = map.Map("draft") is { } draft ? ReadDraft(draft, folder) : null,
            Adapters = [.. map.List("adapters").Select(adapter => ReadAdapter(adapter, folder))],
            StepTokens = map.Int("stepTokens", usual.StepTokens, 1, MostStepTokens),
            StepTimes = map.Optional("stepTimes") is { } times ? ScenarioOf(times, folder) : null,
            Threads = map.Int("threads", 0, 1, Math.Max(64, Environment.ProcessorCount)),
            Seed = (ulong)map.Long("seed", 0, 0),
        };
        Node? length = map.Optional("outputLength");
        Node? context = map.Optional("maxModelLength");
        map.Done();
        if (model.Swap is not null && model.PrefixCache == true)
            throw map.Node["hostSwap"]!.KeyError("blocks shared between sequences are not swapped to the host; write prefixCache: false, or leave one of the two keys out");
        if (model.Swap is not null && !model.Scheduler.TakesKvBack) throw map.Node["hostSwap"]!.KeyError("this scheduler takes no KV back from the host, so nothing would be swapped; leave the key out");
        if (model.Draft is not null && !model.Scheduler.TakesDrafts) throw map.Node["draft"]!.KeyError("the rows of this scheduler's batches advance together, so they cannot keep different numbers of drafts; leave the key out");
        return length is null ? model : model with { OutputLength = PredictorSpec.Read(length) };
    }

    private static DraftSettings ReadDraft(MapReader map, string folder)
    {
        string? file = map.Optional("file") is { } node ? FileOf(node, folder) : null;
        Node? match = map.Optional("match");
        Node? control = map.Optional("control");
        map.Done();
        if ((file is null) == (match is null)) throw map.Node.Error("write file: with a smaller model of the same vocabulary, or match: with the tokens that must repeat");
        return new(DraftControls.Registry.Read(control ?? Node.Plain(DraftControls.Usual)), file, match?.AsInt(1, LongestMatch) ?? 0);
    }

    private static AdapterSettings ReadAdapter(Node node, string folder)
    {
        MapReader map = node.AsMap();
        string name = map.Text("name");
        string file = FileOf(map.Required("file"), folder);
        float strength = (float)map.Number("strength", 1, 0, StrongestAdapter);
        map.Done();
        return new(name, file, strength);
    }

    private static string IdOf(Node node)
    {
        string id = node.AsText();
        return id.Length is > 0 and <= LongestId && !id.Any(char.IsControl) ? id : throw node.Error($"a model's id has 1 to {LongestId} characters and no control characters");
    }

    private static string ScenarioOf(Node node, string folder)
    {
        string path = Path.GetFullPath(Path.Combine(folder, node.AsText()));
        return File.Exists(path) ? path : throw node.Error($"there is no file '{path}'; name the scenario.yaml that 'orrery calibrate --engine MODEL --out DIR' writes");
    }

    private static string FileOf(Node node, string folder)
    {
        string path = Path.GetFullPath(Path.Combine(folder, node.AsText()));
        return File.Exists(path) ? path : throw node.Error($"there is no file '{path}'; name a GGUF model");
    }
}
