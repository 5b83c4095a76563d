using System.Globalization;

namespace Orrery.Lab.Fidelity;

/// <summary>One line of a table: all figures of a group and part.</summary>
/// <param name="Group">As in <see cref="FidelityRow"/>.</param>
/// <param name="Part">As in <see cref="FidelityRow"/>.</param>
/// <param name="Samples">Of the first figure.</param>
/// <param name="Cells">By column of the table; null where the line has no such figure.</param>
/// <param name="Verdict">The worst of the figures that have a bar.</param>
public sealed record FidelityLine(string Group, string Part, int Samples, IReadOnlyList<FidelityRow?> Cells, FidelityVerdict Verdict);

/// <summary>The figures of one level, mode and split as a table.</summary>
/// <param name="Level">As in <see cref="FidelityRow"/>.</param>
/// <param name="Mode">As in <see cref="FidelityRow"/>.</param>
/// <param name="Split">As in <see cref="FidelityRow"/>.</param>
/// <param name="Columns">Metrics that occur, in order.</param>
/// <param name="Lines">The level's own figures last.</param>
public sealed record FidelityTable(string Level, FidelityMode Mode, string Split, IReadOnlyList<FidelityMetric> Columns, IReadOnlyList<FidelityLine> Lines)
{
    /// <summary>Tables of a report in its order.</summary>
    public static IReadOnlyList<FidelityTable> Of(FidelityReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        List<FidelityTable> tables = [];
        foreach (IGrouping<(string Level, FidelityMode Mode, string Split), FidelityRow> table in report.Rows.GroupBy(row => (row.Level, row.Mode, row.Split)))
        {
            FidelityMetric[] columns = [.. table.Select(row => row.Metric).Distinct().Order()];
            FidelityLine[] lines = [.. table.GroupBy(row => (row.Group, row.Part)).Select(line => new FidelityLine(
                line.Key.Group, line.Key.Part, line.First().Samples, [.. columns.Select(column => line.FirstOrDefault(row => row.Metric == column))], Worst(line)))];
            tables.Add(new(table.Key.Level, table.Key.Mode, table.Key.Split, columns, [.. lines.Where(line => line.Group != FidelityRow.All), .. lines.Where(line => line.Group == FidelityRow.All)]));
        }
        return tables;
    }

    /// <summary>Head of a column.</summary>
    public static string Head(FidelityMetric metric) => metric switch
    {
        FidelityMetric.Mape => "MAPE %",
        FidelityMetric.Weighted => "weighted %",
        FidelityMetric.P95 => "P95 %",
        FidelityMetric.Bias => "bias %",
        FidelityMetric.Rank => "rank",
        FidelityMetric.Coverage => "cover %",
        FidelityMetric.Regret => "regret",
        FidelityMetric.Mean => "mean %",
        FidelityMetric.P50 => "P50 %",
        FidelityMetric.P90 => "P90 %",
        FidelityMetric.P95Error => "P95 %",
        FidelityMetric.P99 => "P99 %",
        FidelityMetric.Wasserstein => "W/mean %",
        FidelityMetric.Preemptions => "preempt",
        FidelityMetric.Steps => "steps %",
        _ => "blocks %",
    };

    /// <summary>A figure as tables show it.</summary>
    public static string Text(FidelityRow? row)
    {
        if (row is null || !double.IsFinite(row.Value)) return "-";
        return row.Metric switch
        {
            FidelityMetric.Rank or FidelityMetric.Regret => row.Value.ToString("0.000", CultureInfo.InvariantCulture),
            FidelityMetric.Preemptions => row.Value.ToString("0", CultureInfo.InvariantCulture),
            FidelityMetric.Mape or FidelityMetric.Weighted or FidelityMetric.P95 or FidelityMetric.Coverage or FidelityMetric.Wasserstein =>
                (100 * row.Value).ToString("0.0", CultureInfo.InvariantCulture),
            _ => (100 * row.Value).ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture),
        };
    }

    /// <summary>A verdict as tables show it.</summary>
    public static string Text(FidelityVerdict verdict) => verdict switch
    {
        FidelityVerdict.Lead => "lead",
        FidelityVerdict.Entry => "entry",
        FidelityVerdict.Missed => "missed",
        _ => "",
    };

    private static FidelityVerdict Worst(IEnumerable<FidelityRow> rows) =>
        rows.Select(row => row.Verdict).Where(verdict => verdict != FidelityVerdict.None).DefaultIfEmpty(FidelityVerdict.None).Min();
}
