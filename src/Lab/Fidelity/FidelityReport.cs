namespace Orrery.Lab.Fidelity;

/// <summary>What a fidelity run found.</summary>
/// <param name="Rows">Figures by level, mode and group, in the order in which they are printed.</param>
/// <param name="Points">For plots, thinned.</param>
/// <param name="Warnings">What was left out, and why: a sentence each.</param>
/// <param name="IsPartial">The run was stopped; the rows are what had been reached.</param>
public sealed record FidelityReport(
    IReadOnlyList<FidelityRow> Rows, IReadOnlyList<FidelityPoint> Points, IReadOnlyList<string> Warnings, bool IsPartial = false)
{
    /// <summary>Name and version of the document that <see cref="FidelityJson"/> writes.</summary>
    public const string Schema = "orrery.fidelity/1";
}

/// <summary>Collects what levels find.</summary>
public sealed class FidelityFindings
{
    /// <summary>Most points kept of one group and part: more is ink on ink.</summary>
    private const int MostPoints = 240;

    private readonly List<FidelityRow> _rows = [];
    private readonly List<FidelityPoint> _points = [];
    private readonly List<string> _warnings = [];

    public IReadOnlyList<FidelityRow> Rows => _rows;

    public IReadOnlyList<FidelityPoint> Points => _points;

    public IReadOnlyList<string> Warnings => _warnings;

    public void Warn(string sentence) => _warnings.Add(sentence);

    public void Add(FidelityRow row) => _rows.Add(row);

    /// <summary>Every so manyth of the points, so that they are as many as a plot can show.</summary>
    public void Plot(IReadOnlyCollection<FidelityPoint> points)
    {
        ArgumentNullException.ThrowIfNull(points);
        int stride = ((points.Count - 1) / MostPoints) + 1;
        _points.AddRange(points.Where((_, i) => i % stride == 0));
    }

    /// <summary>Mean absolute, time-weighted and high errors and the bias of a collection.</summary>
    /// <param name="place">Level, mode, split, group and part; the metric and value are put in.</param>
    /// <param name="summary">The errors.</param>
    /// <param name="barred">The metric that the bar is for.</param>
    /// <param name="bar">Null for none.</param>
    public void AddErrors(FidelityRow place, in ErrorSummary summary, FidelityMetric barred = FidelityMetric.Mape, FidelityBar? bar = null)
    {
        ArgumentNullException.ThrowIfNull(place);
        place = place with { Samples = summary.Count };
        Figure(FidelityMetric.Mape, summary.MeanAbsolute);
        Figure(FidelityMetric.Weighted, summary.TimeWeighted);
        Figure(FidelityMetric.P95, summary.P95);
        Figure(FidelityMetric.Bias, summary.Bias);

        void Figure(FidelityMetric metric, double value) => _rows.Add(place with { Metric = metric, Value = value, Bar = metric == barred ? bar : null });
    }

    /// <summary>Takes over what another collection has.</summary>
    public void Add(FidelityFindings other)
    {
        ArgumentNullException.ThrowIfNull(other);
        _rows.AddRange(other._rows);
        _points.AddRange(other._points);
        _warnings.AddRange(other._warnings);
    }
}
