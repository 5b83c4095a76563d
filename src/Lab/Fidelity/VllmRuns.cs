using Orrery.Kernel;
using Orrery.Lab.Import;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.Serving.Sequences;
using Orrery.World.Hardware;
using Orrery.World.Models;

namespace Orrery.Lab.Fidelity;

/// <summary>One measured run beside ours.</summary>
/// <param name="Run">What was measured.</param>
/// <param name="Metrics">TTFT, TPOT and latency; empty where the outcome is not published.</param>
/// <param name="Peer">The same of another simulator's prediction; empty where there is none.</param>
/// <param name="Requests">Requests compared: those that finished here and there.</param>
/// <param name="Preemptions">Of our run.</param>
/// <param name="Blocks">KV blocks of a rank by our arithmetic; the engine's own are in <see cref="VllmSettings.ReportedBlocks"/>.</param>
/// <param name="Predicted">Our outcome of every request that finished.</param>
/// <param name="Result">The whole result of our run.</param>
public sealed record RunComparison(
    MeasuredRun Run,
    IReadOnlyList<DistributionComparison> Metrics,
    IReadOnlyList<DistributionComparison> Peer,
    int Requests,
    long Preemptions,
    long Blocks,
    IReadOnlyList<RequestOutcome> Predicted,
    RunResult Result);

/// <summary>
/// Level F4: measured runs of vLLM under open arrivals, simulated request by request. A run is any folder
/// <c>DEVICE/MODEL/vllm_meta.json</c> with a request list <c>requests/NAME.csv[.gz]</c> beside the devices.
/// </summary>
public static class VllmRuns
{
    private const string MetaFile = "vllm_meta.json";

    private const string OutcomeFile = "vllm_requests.csv";

    private const string PeerFile = "llmservingsim_requests.csv";

    private const string RequestsFolder = "requests";

    /// <summary>Every run below a folder, by name. What cannot be used is told in one sentence, and the rest goes on.</summary>
    /// <param name="folder">The data folder, or one that holds it.</param>
    /// <param name="warn">Told about runs that were left out, and why.</param>
    public static IReadOnlyList<MeasuredRun> Find(string folder, Action<string>? warn = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!Directory.Exists(folder)) throw new InputException($"--data: the folder '{folder}' does not exist");
        List<MeasuredRun> runs = [];
        foreach (string meta in Directory.EnumerateFiles(folder, MetaFile, SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            try
            {
                runs.Add(Read(folder, meta));
            }
            catch (InputException mistake)
            {
                warn?.Invoke($"{mistake.Message}; the run is left out");
            }
        }
        return runs;
    }

    /// <summary>Simulates a run and compares; without a published outcome the comparison has our side alone.</summary>
    /// <param name="run">What was measured.</param>
    /// <param name="warn">Told what could not be taken over into the scenario.</param>
    /// <exception cref="InputException">The scenario cannot be built, or a file is malformed.</exception>
    public static RunComparison Compare(MeasuredRun run, Action<string>? warn = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        return Compare(run, VllmScenario.Build(run, warn));
    }

    /// <summary>The same with a scenario of the caller's, such as one with another profile.</summary>
    /// <param name="run">What was measured.</param>
    /// <param name="scenario">What is simulated.</param>
    /// <param name="intervals">Also says how sure our figures are; null leaves it out.</param>
    public static RunComparison Compare(MeasuredRun run, Scenario scenario, IntervalSettings? intervals = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(scenario);
        List<RequestOutcome> predicted = [];
        RunResult result = Simulation.Run(scenario, new() { Left = sequence => Add(predicted, sequence), Intervals = intervals });
        IReadOnlyList<RequestOutcome> measured = run.OutcomePath is { } path ? RequestOutcomes.ReadVllm(path) : [];
        IReadOnlyList<RequestOutcome> peer = run.PeerPath is { } other ? RequestOutcomes.ReadPrediction(other) : [];
        IReadOnlyList<DistributionComparison> metrics = CompareAll(measured, predicted, out int compared);
        FleetEntry entry = scenario.Fleet[0];
        return new(
            run,
            metrics,
            CompareAll(measured, peer, out _),
            compared,
            result.Requests.Preemptions,
            entry.Capacity.Blocks / entry.Deployment.Parallel.Data,
            predicted,
            result);
    }

    /// <summary>TTFT, TPOT and latency over the requests that both sides have.</summary>
    internal static IReadOnlyList<DistributionComparison> CompareAll(IReadOnlyList<RequestOutcome> measured, IReadOnlyList<RequestOutcome> predicted, out int compared)
    {
        Dictionary<string, RequestOutcome> ours = [];
        foreach (RequestOutcome outcome in predicted) ours[outcome.Id] = outcome;
        (RequestOutcome Measured, RequestOutcome Ours)[] pairs = [.. measured.Where(m => ours.ContainsKey(m.Id)).Select(m => (m, ours[m.Id]))];
        compared = pairs.Length;
        if (pairs.Length == 0) return [];
        List<DistributionComparison> all = [Of("ttft", pairs, static o => o.TtftSeconds)];
        (RequestOutcome, RequestOutcome)[] several = [.. pairs.Where(pair => pair.Measured.OutputTokens > 1 && pair.Ours.OutputTokens > 1)];
        if (several.Length > 0) all.Add(Of("tpot", several, static o => o.TpotSeconds));
        all.Add(Of("latency", pairs, static o => o.LatencySeconds));
        return all;
    }

    private static DistributionComparison Of(string name, (RequestOutcome Measured, RequestOutcome Ours)[] pairs, Func<RequestOutcome, double> value) =>
        DistributionComparison.Of(name, pairs.Select(pair => value(pair.Measured)), pairs.Select(pair => value(pair.Ours)));

    /// <summary>The outcome of a sequence that left; nothing of one that did not finish.</summary>
    internal static void Add(List<RequestOutcome> outcomes, Sequence sequence)
    {
        if (sequence.Outcome != Outcome.Finished) return;
        string id = sequence.Request.Label ?? sequence.Id.ToString(System.Globalization.CultureInfo.InvariantCulture);
        outcomes.Add(new(id, sequence.GeneratedTokens, (sequence.FirstToken - sequence.Arrival).Seconds, (sequence.LastToken - sequence.Arrival).Seconds));
    }

    private static MeasuredRun Read(string root, string meta)
    {
        VllmSettings settings = VllmSettings.Read(meta);
        string folder = Path.GetDirectoryName(Path.GetFullPath(meta))!;
        string deviceFolder = Path.GetDirectoryName(folder) ?? folder;
        string spelling = Path.GetFileName(deviceFolder);
        DeviceSpec device = CatalogNames.Device(spelling) ?? throw new InputException($"{meta}: the catalogue has no device '{spelling}'");
        ModelSpec model = CatalogNames.Model(settings.Model) ?? throw new InputException($"{meta}: the catalogue has no model '{settings.Model}'");
        string home = Path.Combine(Path.GetDirectoryName(deviceFolder) ?? deviceFolder, RequestsFolder);
        string requests = Plain(Path.Combine(home, settings.RequestList + ".csv"))
            ?? throw new InputException($"{meta}: the request list '{settings.RequestList}.csv' is not in '{home}'");
        string name = Path.GetRelativePath(Path.GetFullPath(root), folder).Replace(Path.DirectorySeparatorChar, '/');
        return new(name, device, model, settings, requests, Plain(Path.Combine(folder, OutcomeFile)), Plain(Path.Combine(folder, PeerFile)));
    }

    /// <summary>The file, or its gzip, or null.</summary>
    private static string? Plain(string path) => File.Exists(path) ? path : File.Exists(path + ".gz") ? path + ".gz" : null;
}
