using System.Globalization;
using Orrery.Cli.Tables;
using Orrery.Documents;
using Orrery.World.Catalogue;
using Orrery.World.Profiles;
using Orrery.World.StepTimes;

namespace Orrery.Cli.Catalogues;

/// <summary>Tables of what devices reach and of what engine versions add.</summary>
internal static class ProfileKinds
{
    private static readonly ProfileFamily[] Families = Enum.GetValues<ProfileFamily>();

    public static CatalogKind<DeviceProfile> Profiles { get; } = new()
    {
        All = () => Catalog.Profiles,
        Find = Catalog.Profile,
        Columns = [new("profile", IsNumber: false), .. Families.Select(family => new Column(ChoiceNames.Of(family)))],
        Row = p => [p.Name, .. Families.Select(family => Short(p, family))],
        Facts = Facts,
        Note = "Time-weighted error on measurements that were left out of the fit, in percent; for `transfer` on devices that were left out. "
            + "A family without a figure was not measured on the device and comes from `transfer`.",
    };

    public static CatalogKind<StepTimeTable> StepTimes { get; } = new()
    {
        All = () => Catalog.StepTimes,
        Find = Catalog.StepTimesOf,
        Columns = [new("step times", IsNumber: false), new("what", IsNumber: false, Wraps: true), new("models", IsNumber: false), new("devices", IsNumber: false)],
        Row = t => [t.Name, t.Doc, Distinct(t.Rows.Select(row => row.Model)), Distinct(t.Rows.Select(row => row.Device))],
        Facts = t =>
        [
            Fact.Of("name", "step times", t.Name), Fact.Of("doc", "what", t.Doc), Fact.Of("source", "source", t.Source),
            Fact.Of("rows", "known", string.Join("; ", t.Rows.Select(row => row.ToString()))),
            Fact.Of("kv", "KV memory", string.Join("; ", t.Kv.Select(kv => string.Create(CultureInfo.InvariantCulture, $"{kv.Model} TP{kv.Tensor} PP{kv.Pipeline} {kv.Tokens} tokens")))),
        ],
        Note = "A fleet entry names one with `stepTimes:`; FLOP and bytes are still those of its model.",
    };

    public static CatalogKind<EngineProfile> Engines { get; } = new()
    {
        All = () => Catalog.Engines,
        Find = Catalog.Engine,
        Columns =
        [
            new("engine", IsNumber: false), new("CPU per\nstep ms"), new("per sequence\nus"), new("plans\nahead", IsNumber: false), new("gap\nms"),
            new("largest\ngraph"), new("runtime\nmemory GB"),
        ],
        Row = e =>
        [
            e.Name, Figure(e.StepCpuSeconds * 1e3), Figure(e.SequenceCpuSeconds * 1e6), e.PlansAhead ? "yes" : "no", Figure(e.StepGapSeconds * 1e3),
            e.GraphMaxTokens.ToString(CultureInfo.InvariantCulture), Figure(e.RuntimeBytes / 1e9),
        ],
        Facts = e =>
        [
            Fact.Of("name", "engine", e.Name), Fact.Of("aliases", "also called", e.Aliases),
            Fact.Of("stepCpuSeconds", "CPU per step", e.StepCpuSeconds, Quantity.Duration),
            Fact.Of("sequenceCpuSeconds", "CPU per sequence", e.SequenceCpuSeconds, Quantity.Duration),
            Fact.Of("promptTokenCpuSeconds", "CPU per prompt token", e.PromptTokenCpuSeconds, Quantity.Duration),
            Fact.Of("plansAhead", "plans the next step ahead", e.PlansAhead),
            Fact.Of("stepGapSeconds", "gap between steps", e.StepGapSeconds, Quantity.Duration),
            Fact.Of("graphMaxTokens", "largest captured step", e.GraphMaxTokens),
            Fact.Of("runtimeBytes", "runtime memory", e.RuntimeBytes, Quantity.Bytes),
            Fact.Of("collectiveBufferBytes", "communication buffers", e.CollectiveBufferBytes, Quantity.Bytes),
            Fact.Of("source", "source", e.Source),
        ],
        Note = "What an engine version adds to the work of the device; a scenario names one with `engine:`.",
    };

    private static List<Fact> Facts(DeviceProfile p)
    {
        List<Fact> facts = [Fact.Of("name", "profile", p.Name), Fact.Of("licence", "licence", p.Licence), Fact.Of("source", "source", p.Source)];
        foreach (ProfileFamily family in Families)
            if (p.Errors.TryGetValue(family, out FamilyErrors? errors)) facts.Add(Fact.Of(ChoiceNames.Of(family), ChoiceNames.Of(family), Long(errors)));
        return facts;
    }

    private static string Short(DeviceProfile p, ProfileFamily family) =>
        p.Errors.TryGetValue(family, out FamilyErrors? errors) && (errors.Transfer ?? errors.LeftOut ?? errors.Fit) is { } error
            ? (100 * error.TimeWeightedMape).ToString("0.0", CultureInfo.InvariantCulture)
            : "-";

    private static string Long(FamilyErrors errors)
    {
        List<string> parts = [];
        Add("fit", errors.Fit);
        Add("left out", errors.LeftOut);
        Add("other devices", errors.Transfer);
        return string.Join("; ", parts);

        void Add(string what, FitError? error)
        {
            if (error is null) return;
            parts.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{what} {100 * error.TimeWeightedMape:0.0} % weighted by time, {100 * error.Mape:0.0} % mean, {100 * error.P95:0} % at the 95th percentile, {error.Samples} samples"));
        }
    }

    private static string Distinct(IEnumerable<string> names) => string.Join(", ", names.Distinct());

    private static string Figure(double value) => value.ToString("G3", CultureInfo.InvariantCulture);
}
