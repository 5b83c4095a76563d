namespace Orrery.Serving.Exposition;

/// <summary>What Prometheus makes of a family of samples.</summary>
public enum MetricKind
{
    /// <summary>Only rises, from 0 at the start.</summary>
    Counter,

    /// <summary>Rises and falls.</summary>
    Gauge,

    /// <summary>Cumulative buckets, a sum and a count.</summary>
    Histogram,
}

/// <summary>All samples of one name. A page holds each family once, whatever the number of models in it.</summary>
/// <param name="Name">As written, with the prefix that says whose name it is.</param>
/// <param name="Unit">Of the values; empty where they have none.</param>
/// <param name="Labels">Names of labels beside those that all samples of the page have, joined by commas.</param>
/// <param name="Help">What is counted, and when: one line.</param>
public sealed record MetricFamily(string Name, MetricKind Kind, string Unit, string Labels, string Help);
