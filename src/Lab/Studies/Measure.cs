using Orrery.Documents;
using Orrery.Kernel.Experiments;
using Orrery.Lab.Results;

namespace Orrery.Lab.Studies;

/// <summary>One figure that tables show of a run.</summary>
/// <param name="Header">Column head, without unit.</param>
/// <param name="Priority">Columns of a narrow table are taken in this order, 1 first.</param>
/// <param name="OnlyWhenSeen">Left out of tables where every run has zero.</param>
/// <param name="Of">The figure in the plain unit; null where the run has no samples.</param>
public sealed record Measure(string Header, MeasureUnit Unit, Better Better, int Priority, bool OnlyWhenSeen, Func<RunResult, double?> Of)
{
    /// <summary>Shown instead of the unit's own name.</summary>
    public string? UnitText { get; init; }
}

/// <summary>The figures that tables of runs show, in the order of their columns.</summary>
public static class Measures
{
    public static IReadOnlyList<Measure> All { get; } = [.. RunMetricTable.All.SelectMany(metric => metric.Columns.Select(column => Of(metric, column)))];

    /// <summary>The figures of a study: those of its experiments, or those of fleets.</summary>
    public static IReadOnlyList<Measure> Of(StudyResult study)
    {
        ArgumentNullException.ThrowIfNull(study);
        IEnumerable<ExperimentOutcome> experiments = study.Runs.Select(run => run.Record.Result.Experiment).OfType<ExperimentOutcome>();
        Measure[] figures = [.. experiments.SelectMany(outcome => outcome.Figures).DistinctBy(figure => figure.Name).Select(Of)];
        return figures.Length > 0 ? figures : All;
    }

    private static Measure Of(ExperimentFigure figure, int index) =>
        new(figure.Name, MeasureUnit.Number, Better.Neither, index + 1, false, run => run.Experiment?.Value(figure.Name)) { UnitText = figure.Unit };

    /// <summary>One column of a metric.</summary>
    private static Measure Of(Metric metric, MetricColumn column)
    {
        string header = metric.IsDistribution ? $"{metric.Header} {ChoiceNames.Of(column.Statistic)}" : metric.Header;
        return new(
            header, metric.Unit, metric.Better, column.Priority, column.OnlyWhenSeen,
            run => run.Figures.Of(metric.Name, metric.IsDistribution, column.Statistic));
    }
}
