using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Catalogue;
using Orrery.Traffic.Generators.Arrivals;
using Orrery.Traffic.Generators.Marks;
using Orrery.Traffic.Generators.Sources;
using Orrery.Traffic.Requests;
using Orrery.Traffic.Specs;

namespace Orrery.Traffic.Fitting;

/// <summary>
/// Fits the catalogue's generators to public traces: what <c>traffic fit NAME --data DIR</c> prints. Only parameters and errors are
/// kept, never rows.
/// </summary>
public static class TrafficFit
{
    /// <summary>Seed of the traffic that a fit is judged by.</summary>
    public const ulong JudgeSeed = 1;

    private const double ProfileSeconds = 60;

    /// <summary>
    /// ServeGen is judged over the whole fortnight at this rate, so that every window counts and a million requests suffice.
    /// </summary>
    private const double ServeGenJudgeRate = 0.5;

    /// <summary>Generators that can be fitted.</summary>
    public static IReadOnlyList<string> Names { get; } = ["azure-code-2023", "azure-conv-2023", "mooncake-conversation",
        "servegen-m-mid", "sharegpt-like"];

    /// <summary>Fits a generator and judges the fit.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="dataDir">Folder that holds the traces' folders.</param>
    /// <returns>The catalogue file: YAML.</returns>
    /// <exception cref="InputException">Unknown name; missing data.</exception>
    public static string Fit(string name, string dataDir)
    {
        if (!Names.Contains(name)) throw new InputException($"fit '{name}' is not known{Kernel.Names.Suggest(name, Names)}");
        return name switch
        {
            "azure-code-2023" => Azure(name, dataDir, "AzureLLMInferenceTrace_code.csv.gz", "Code completion: long prompts, short outputs, arrivals in bursts"),
            "azure-conv-2023" => Azure(name, dataDir, "AzureLLMInferenceTrace_conv.csv.gz", "Conversation: medium prompts and outputs, nearly Poisson arrivals over a rising and falling hour"),
            "mooncake-conversation" => Mooncake(name, dataDir),
            "servegen-m-mid" => ServeGen(name, dataDir),
            // Made of published statistics; there is nothing to fit.
            _ => YamlText.Write(FittedTraffic.Load(name).Root),
        };
    }

    private static string Azure(string name, string dataDir, string file, string doc)
    {
        FitSample data = AzureFit.Load(dataDir, file);
        double wanted = data.Description.Dispersion[1].Index;
        (Node traffic, FitSample generated) = new[] { GapFamily.Gamma, GapFamily.Weibull }
            .Select(family => AzureFit.Traffic(data, family))
            .Select(node => (Node: node, Sample: Play(node)))
            .MinBy(c => Math.Abs(Math.Log(c.Sample.Description.Dispersion[1].Index / wanted)));
        const string note = "rate profile per minute with gaps in operational time; output lengths depend on the prompt through ten bins; minutes are fitted, so bursts within a minute are only as sharp as the gap family";
        return Write(name, doc, $"Azure LLM inference trace 2023 ({file}), with Splitwise (ISCA 2024)",
            "CC-BY 4.0 (data); parameters of this project", traffic, FitReport.Fit(name, data, generated, ProfileSeconds, note));
    }

    private static string Mooncake(string name, string dataDir)
    {
        (FitSample data, Node traffic) = MooncakeFit.Fit(dataDir);
        const string note = "sessions as a prefix tree of 512-token blocks: one root block shared by all, further turns keep a share of the previous prompt; arrivals stamped every 3 s as in the trace";
        return Write(name, "Long-context chat with prefix sharing: a third of the prompt tokens repeat",
            "Mooncake conversation trace (FAST 2025 release)", "Apache-2.0 (data); parameters of this project", traffic,
            FitReport.Fit(name, data, Play(traffic), ProfileSeconds, note));
    }

    private static string ServeGen(string name, string dataDir)
    {
        ServeGenStatistics statistics = ServeGenStatistics.Load(Path.Combine(dataDir, "traces-servegen", "m-mid-rates.csv.gz"));
        Node traffic = ServeGenFit.Traffic(statistics);
        double seconds = statistics.Windows * ServeGenStatistics.WindowSeconds;
        using var source = new ManyClientSource(statistics.Clients, ServeGenStatistics.WindowSeconds, ServeGenJudgeRate,
            RequestMarks.None, TrafficBudget.Of(Duration.FromSeconds(seconds)), RandomStream.Root(JudgeSeed));
        FitSample data = FitSample.Of(source);
        Node scaled = Document.Parse(System.FormattableString.Invariant($"{{rate: {ServeGenJudgeRate}/s, duration: {seconds}s}}"), "fit");
        using ITrafficSource fitted = TrafficSpec.ReadOver(traffic, scaled, "").Open(RandomStream.Root(JudgeSeed));
        const string note = "the statistics list windows and clients, not requests, so 'data' is traffic drawn from all of them; judged at 0.5 requests/s over the whole fortnight; lengths beyond p1 and p99 are flat; 35 of 109 clients have no lengths and borrow those of the client nearest in rate";
        return Write(name, "A general language service of 109 clients, the heaviest with half of the requests; rates wander from hour to hour", "ServeGen client statistics, service m-mid (Alibaba Cloud Model Studio)", "Apache-2.0 (data); parameters of this project", traffic,
            FitReport.Fit(name, data, FitSample.Of(fitted), 3600, note));
    }

    private static FitSample Play(Node traffic)
    {
        using ITrafficSource source = TrafficSpec.Read(traffic).Open(RandomStream.Root(JudgeSeed));
        return FitSample.Of(source);
    }

    private static string Write(string name, string doc, string source, string licence, Node traffic, Node fit) => YamlText.Write(
        FitReport.Map(
            FitReport.Text("name", name),
            FitReport.Text("doc", doc),
            FitReport.Text("source", source),
            FitReport.Text("licence", licence),
            FitReport.Entry("traffic", traffic),
            FitReport.Entry("fit", fit)),
        "Fitted parameters; made anew by the command below. No rows of the trace are kept.");
}
