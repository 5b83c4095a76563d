using Orrery.Documents.Expectations;
using Orrery.Kernel.Statistics;

namespace Orrery.Lab.Results;

/// <summary>One figure of a run: what it is called everywhere and how it is computed from what was counted.</summary>
/// <param name="Name">In expressions: <c>gap</c>, <c>attainment</c>.</param>
/// <param name="Key">Path of its value in <c>orrery.run/1</c>: <c>metrics.gapSeconds</c>.</param>
public sealed record Metric(string Name, string Key, MeasureUnit Unit, Better Better)
{
    /// <summary>Before the statistic in heads of columns (<c>TTFT p99</c>), or alone for a number; empty for none.</summary>
    public string Header { get; init; } = "";

    /// <summary>Beside the table of one run on the terminal; the header where that says it as well.</summary>
    public string Label { get => field.Length > 0 ? field : Header; init; } = "";

    /// <summary>In words, in tables of reports; empty for none.</summary>
    public string Title { get; init; } = "";

    /// <summary>The columns that tables of runs show of it.</summary>
    public IReadOnlyList<MetricColumn> Columns { get; init; } = [];

    /// <summary>Samples of a metric with many values; null for a single number.</summary>
    public Func<RunFacts, QuantileSketch>? Samples { get; init; }

    /// <summary>How many units of its sketch make one plain unit.</summary>
    public double SketchUnits { get; init; } = 1;

    /// <summary>The value of a single number; null where it does not exist.</summary>
    public Func<RunFacts, double?>? Value { get; init; }

    /// <summary>Counted by replicas and therefore not known of a part of a run.</summary>
    public bool IsWholeRunOnly { get; init; }

    public bool IsDistribution => Samples is not null;

    /// <summary>The block of the result it stands in: <c>requests</c>, <c>tokens</c>, <c>metrics</c> or <c>cost</c>.</summary>
    public string Section => Key[..Key.IndexOf('.', StringComparison.Ordinal)];

    /// <summary>As expressions know it.</summary>
    public MetricInfo Info => new(Name, MeasureUnits.KindOf(Unit), IsDistribution);
}

/// <summary>One column that tables of runs show of a metric.</summary>
/// <param name="Priority">Columns of a narrow table are taken in this order, 1 first.</param>
/// <param name="Statistic">Of a metric with many values.</param>
/// <param name="OnlyWhenSeen">Left out of tables where every run has zero.</param>
public sealed record MetricColumn(int Priority, Statistic Statistic = Statistic.Value, bool OnlyWhenSeen = false);
