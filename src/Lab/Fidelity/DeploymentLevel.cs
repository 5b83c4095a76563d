using Orrery.Documents;
using Orrery.Kernel;

namespace Orrery.Lab.Fidelity;

/// <summary>Level F3: latencies of deployments at fixed concurrency, and what it would cost to choose a plan by them.</summary>
public static class DeploymentLevel
{
    public const string Name = "F3";

    /// <summary>The only split: constants of engines were fitted on such deployments, profiles of devices were not.</summary>
    public const string Split = "deployments";

    /// <summary>The part of figures about the choice of a plan.</summary>
    public const string Plans = "plan choice";

    /// <summary>Intervals take nine predictions for each deployment: they are judged on every so manyth.</summary>
    private const int CoverageStride = 20;

    private const string Ttft = "ttft";

    private const string Tpot = "tpot";

    /// <summary>Figures of all files of measured deployments; stops between groups when asked to.</summary>
    public static FidelityFindings Evaluate(FidelityData data, IReadOnlyList<FidelityMode> modes, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(modes);
        FidelityFindings findings = new();
        (IReadOnlyList<DeploymentCase> cases, IReadOnlyList<string> warnings) = DeploymentFidelity.Resolve(Rows(data.Folder, findings.Warn));
        foreach (string warning in warnings) findings.Warn(warning);
        foreach (FidelityMode mode in modes)
        {
            DeploymentCase[] known = [.. cases.Where(one => data.Cost(one.Device, mode) is not null)];
            foreach (IGrouping<string, DeploymentCase> device in cases.Except(known).GroupBy(one => one.Device.Name))
                findings.Warn($"{device.Count()} deployments on {device.Key} left out of {ChoiceNames.Of(mode)}: {FidelityData.Missing(device.First().Device, mode)}");
            DeploymentFidelity[] parts =
            [
                .. known.GroupBy(one => (one.Measured.System, one.Measured.Backend, one.Model.Name)).OrderBy(group => group.Key).ToArray()
                    .AsParallel().AsOrdered().Select(group => cancel.IsCancellationRequested
                        ? new([], [])
                        : DeploymentFidelity.Of(group, one => data.Cost(one.Device, mode)!, one => one.Engine)),
            ];
            foreach (IGrouping<string, string> warning in parts.SelectMany(part => part.Warnings).GroupBy(text => text[(text.IndexOf(' ', StringComparison.Ordinal) + 1)..]))
                findings.Warn($"{ChoiceNames.Of(mode)}: {warning.Sum(text => int.Parse(text[..text.IndexOf(' ', StringComparison.Ordinal)], System.Globalization.CultureInfo.InvariantCulture))} {warning.Key}");
            Write(findings, mode, new([.. parts.SelectMany(part => part.Points)], []));
            if (cancel.IsCancellationRequested) break;
            IReadOnlyList<IntervalPoint> points = IntervalCoverage.OfDeployments(
                known.Where((_, i) => i % CoverageStride == 0), one => data.Cost(one.Device, mode)!, one => one.Engine);
            foreach (IntervalCoverage covered in IntervalCoverage.By(points, point => point.Metric))
            {
                findings.Add(new FidelityRow(Name, mode, Split, FidelityRow.All, covered.Group, FidelityMetric.Coverage, covered.Share, covered.Points));
            }
        }
        return findings;
    }

    private static List<DeploymentMeasurement> Rows(string folder, Action<string> warn)
    {
        List<DeploymentMeasurement> rows = [];
        foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(IsTable).Order(StringComparer.Ordinal))
        {
            try
            {
                using (StreamReader text = InputFile.OpenText(file))
                    if (text.ReadLine() is not { } header || !DeploymentReader.Recognises(header)) continue;
                (IReadOnlyList<DeploymentMeasurement> read, int repeated) = DeploymentReader.Read(file);
                rows.AddRange(read);
                if (repeated > 0) warn($"{file}: {repeated} rows repeat another under a second name and are dropped");
            }
            catch (InputException mistake)
            {
                warn($"{mistake.Message}; the file is left out");
            }
        }
        return rows;
    }

    private static bool IsTable(string file) =>
        file.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) || file.EndsWith(".csv.gz", StringComparison.OrdinalIgnoreCase);

    private static void Write(FidelityFindings findings, FidelityMode mode, DeploymentFidelity fidelity)
    {
        if (fidelity.Points.Count == 0) return;
        foreach (DeploymentErrors group in fidelity.Groups) Add(group.Group, group);
        Add(FidelityRow.All, fidelity.Total);
        IReadOnlyList<PlanRegret> choices = PlanRegret.Of(fidelity.Points);
        if (choices.Count > 0)
        {
            findings.Add(Row(FidelityRow.All, Plans) with
            {
                Metric = FidelityMetric.Regret,
                Value = choices.Average(choice => choice.Ratio),
                Samples = choices.Count,
                Bar = FidelityBars.PlanRegret,
            });
        }
        foreach (IGrouping<string, DeploymentPoint> group in fidelity.Points.GroupBy(point => point.Group).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            findings.Plot([.. group.Select(p => new FidelityPoint(Name, mode, group.Key, Ttft, p.Case.Clients, p.MeasuredTtft, p.Predicted.TtftSeconds))]);
            findings.Plot([.. group.Select(p => new FidelityPoint(Name, mode, group.Key, Tpot, p.Case.Clients, p.MeasuredTpot, p.Predicted.TpotSeconds))]);
        }

        void Add(string group, DeploymentErrors errors)
        {
            findings.AddErrors(Row(group, Ttft), errors.Ttft, FidelityMetric.Mape, FidelityBars.DeploymentTtft);
            Rank(group, Ttft, errors.Ttft);
            findings.AddErrors(Row(group, Tpot), errors.Tpot, FidelityMetric.Mape, FidelityBars.DeploymentTpot);
            Rank(group, Tpot, errors.Tpot);
        }

        void Rank(string group, string part, in ErrorSummary errors) => findings.Add(Row(group, part) with
        {
            Metric = FidelityMetric.Rank,
            Value = errors.RankCorrelation,
            Samples = errors.Count,
            Bar = double.IsNaN(errors.RankCorrelation) ? null : FidelityBars.DeploymentRank,
        });

        FidelityRow Row(string group, string part) => new(Name, mode, Split, group, part, FidelityMetric.Mape, 0, 0);
    }
}
