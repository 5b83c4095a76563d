using System.Globalization;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Lab.Scenarios;
using Orrery.World.Catalogue;
using Orrery.World.Profiles;

namespace Orrery.Lab.Fidelity;

/// <summary>The scenario of a measured run: what its settings say, and nothing that its outcome would tell.</summary>
/// <remarks>
/// Data-parallel ranks step together where they share experts, so they are one replica here, with the slots and the token budget of all of
/// them; one sequence still takes at most one rank's budget in a step. Left out: each rank's own queue, and that a prompt delays one rank
/// more than the others. Ranks that share nothing are replicas of their own behind the engine's balancer, which sends to the least loaded.
/// </remarks>
public static class VllmScenario
{
    private const string EnginePrefix = "vllm-";

    /// <summary>The text of the scenario; file names in it are absolute.</summary>
    /// <param name="run">What was measured.</param>
    /// <param name="warn">Told what could not be taken over.</param>
    public static string Text(MeasuredRun run, Action<string>? warn = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        VllmSettings settings = run.Settings;
        bool together = settings.SpreadsExperts && settings.Data > 1;
        int ranks = together ? settings.Data : 1;
        string engine = EngineName(run, warn);
        List<string> scheduler = ["use: vllm-v1"];
        if (settings.MaxBatchedTokens is { } budget) scheduler.Add($"maxBatchedTokens: {Number(budget * ranks)}");
        if (settings.MaxSequences is { } sequences) scheduler.Add($"maxSequences: {Number(sequences * ranks)}");
        if (together && settings.MaxBatchedTokens is { } own) scheduler.Add($"longPrefillThreshold: {Number(own)}, maxPartialPrefills: {Number(ranks)}");
        List<string> memory = ["use: paged"];
        if (settings.BlockTokens is { } block) memory.Add($"blockTokens: {Number(block)}");
        if (settings.Utilization is { } share) memory.Add($"utilization: {share.ToString("R", CultureInfo.InvariantCulture)}");
        if (settings.PrefixCache is { } shares) memory.Add($"prefixCache: {(shares ? "true" : "false")}");
        string length = settings.MaxModelTokens is { } most ? $"maxModelLength: {Number(most)}\n" : "";
        string degrees = $"tensor: {Number(settings.Tensor)}, expert: {Number(settings.SpreadsExperts ? settings.Tensor * settings.Data : 1)}, data: {Number(ranks)}";
        return $"""
            name: "{engine} {run.Device.Name} {run.Model.Name}"
            model: "{run.Model.Name}"
            precision: {Precision(settings, warn)}
            {length}fleet:
              - device: {run.Device.Name}
                replicas: {Number(together ? 1 : settings.Data)}
                {degrees.Replace(", ", "\n    ", StringComparison.Ordinal)}
                engine: {engine}
                scheduler: {Braces(scheduler)}
                memory: {Braces(memory)}
            router: least-loaded
            traffic: {Braces([$"file: '{Path.GetFullPath(run.RequestsPath).Replace("'", "''", StringComparison.Ordinal)}'"])}
            """;
    }

    /// <summary>The checked scenario.</summary>
    /// <exception cref="InputException">The model does not fit, or cannot be cut this way.</exception>
    public static Scenario Build(MeasuredRun run, Action<string>? warn = null) =>
        ScenarioReader.Read(Document.Parse(Text(run, warn), run.Name), "");

    private static string EngineName(MeasuredRun run, Action<string>? warn)
    {
        string asked = EnginePrefix + run.Settings.Version;
        EngineProfile[] known = [.. Catalog.Engines.Where(engine => engine.Name.StartsWith(EnginePrefix, StringComparison.Ordinal))];
        EngineProfile? exact = known.FirstOrDefault(engine => engine.Aliases.Append(engine.Name).Any(name => asked == name || asked.StartsWith(name + ".", StringComparison.Ordinal)));
        if (exact is not null) return exact.Name;
        string nearest = known.Length > 0 ? known[^1].Name : EngineProfile.Generic.Name;
        warn?.Invoke($"{run.Name}: there is no engine profile of version {run.Settings.Version}; '{nearest}' is used");
        return nearest;
    }

    private static string Precision(VllmSettings settings, Action<string>? warn)
    {
        string weights = Format(settings.WeightFormat) ?? Unknown("weights", settings.WeightFormat);
        string kv = settings.KvFormat == "auto" ? weights : Format(settings.KvFormat) ?? Unknown("KV", settings.KvFormat);
        return $"{{weights: {weights}, kv: {kv}, activations: {weights}}}";

        string Unknown(string what, string format)
        {
            warn?.Invoke($"{settings.Model}: the format '{format}' of {what} is not known; bf16 is used");
            return "bf16";
        }
    }

    private static string? Format(string name) => name switch
    {
        "auto" or "bfloat16" => "bf16",
        "float16" or "half" => "fp16",
        "float32" or "float" => "fp32",
        _ when name.StartsWith("fp8", StringComparison.Ordinal) => "fp8",
        _ => null,
    };

    private static string Braces(IEnumerable<string> parts) => "{" + string.Join(", ", parts) + "}";

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
