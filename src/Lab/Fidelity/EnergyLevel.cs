using Orrery.Kernel;

namespace Orrery.Lab.Fidelity;

/// <summary>The level <c>energy</c>: power and energy per output token against measured settings.</summary>
public static class EnergyLevel
{
    public const string Name = EnergyRows.Level;

    /// <summary>The only split.</summary>
    public const string Split = "settings";

    /// <summary>Figures of all tables of measured power.</summary>
    public static FidelityFindings Evaluate(FidelityData data, IReadOnlyList<FidelityMode> modes, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(modes);
        FidelityFindings findings = new();
        bool isFirst = true;
        foreach (FidelityMode mode in modes)
        {
            if (cancel.IsCancellationRequested) break;
            try
            {
                EnergyRows rows = EnergyRows.Evaluate(data.Folder, mode == FidelityMode.Interpolate ? EnergyMode.Interpolate : EnergyMode.Transfer);
                if (isFirst)
                    foreach (string warning in rows.Warnings) findings.Warn(warning);
                Write(findings, mode, rows.Points);
            }
            catch (InputException mistake)
            {
                findings.Warn($"{mistake.Message}; the level {Name} is left out");
            }
            isFirst = false;
        }
        return findings;
    }

    private static void Write(FidelityFindings findings, FidelityMode mode, IReadOnlyList<EnergyPoint> points)
    {
        if (points.Count == 0) return;
        List<ErrorSummary[]> devices = [];
        foreach (IGrouping<string, EnergyPoint> device in points.GroupBy(point => point.Device))
        {
            foreach (IGrouping<string, EnergyPoint> model in device.GroupBy(point => point.Model).OrderBy(group => group.Key, StringComparer.Ordinal))
                Add($"{device.Key} {model.Key}", Errors(model));
            devices.Add(Errors(device));
            Add(device.Key, devices[^1]);
            findings.Plot([.. device.Select(p => new FidelityPoint(Name, mode, device.Key, Parts[0], p.Batch, p.MeasuredWatts, p.PredictedWatts))]);
            findings.Plot([.. device.Select(p => new FidelityPoint(Name, mode, device.Key, Parts[2], p.Batch, p.MeasuredJoulesPerToken, p.JoulesPerTokenAtPredicted))]);
        }
        Add(FidelityRow.All, [.. Enumerable.Range(0, Parts.Length).Select(part => ErrorSummary.Mean([.. devices.Select(errors => errors[part])]))]);

        void Add(string group, ErrorSummary[] errors)
        {
            for (int part = 0; part < Parts.Length; part++) findings.AddErrors(new(Name, mode, Split, group, Parts[part], FidelityMetric.Mape, 0, 0), errors[part]);
        }
    }

    private static readonly string[] Parts = ["power", "throughput", "energy per token"];

    private static ErrorSummary[] Errors(IEnumerable<EnergyPoint> points) =>
    [
        ErrorSummary.Of([.. points.Select(p => (p.MeasuredWatts, p.PredictedWatts))]),
        ErrorSummary.Of([.. points.Select(p => (p.MeasuredTokensPerSecond, p.PredictedTokensPerSecond))]),
        ErrorSummary.Of([.. points.Select(p => (p.MeasuredJoulesPerToken, p.JoulesPerTokenAtPredicted))]),
    ];
}
