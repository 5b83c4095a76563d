using System.Text.Json;
using Orrery.Documents.Expectations;

namespace Orrery.Lab.Results;

/// <summary>From <paramref name="Low"/> to <paramref name="High"/>, in the unit of the metric.</summary>
public readonly record struct Interval(double Low, double High)
{
    public bool Contains(double value) => value >= Low && value <= High;
}

/// <summary>How sure one figure of a run is.</summary>
/// <param name="All">Both sources together.</param>
/// <param name="Profile">The error of step times alone.</param>
/// <param name="Traffic">The randomness of traffic alone: what other requests of the same kind would have given.</param>
public sealed record MetricInterval(Interval All, Interval Profile, Interval Traffic);

/// <summary>How sure the figures of a run are.</summary>
/// <param name="Level">Probability with which each interval covers what a measurement would find.</param>
/// <param name="Draws">Short runs with other step times that the profile part comes from.</param>
/// <param name="DrawRequests">Requests of each of them.</param>
/// <param name="Metrics">By the path of the figure in <c>orrery.run/1</c>, such as <c>metrics.ttftSeconds.p99</c>.</param>
public sealed record RunIntervals(double Level, int Draws, long DrawRequests, IReadOnlyDictionary<string, MetricInterval> Metrics)
{
    /// <summary>Path of a figure.</summary>
    public static string KeyOf(Metric metric, Statistic statistic)
    {
        ArgumentNullException.ThrowIfNull(metric);
        return statistic == Statistic.Value ? metric.Key : $"{metric.Key}.{ExpressionName(statistic)}";
    }

    /// <summary>The interval of a figure; null where there is none.</summary>
    public MetricInterval? Of(Metric metric, Statistic statistic) => Metrics.GetValueOrDefault(KeyOf(metric, statistic));

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("intervals");
        writer.WriteNumber("level", Level);
        writer.WriteNumber("draws", Draws);
        writer.WriteNumber("drawRequests", DrawRequests);
        WritePart("metrics", metric => metric.All);
        WritePart("profile", metric => metric.Profile);
        WritePart("traffic", metric => metric.Traffic);
        writer.WriteEndObject();

        void WritePart(string name, Func<MetricInterval, Interval> part)
        {
            writer.WriteStartObject(name);
            foreach ((string key, MetricInterval metric) in Metrics)
            {
                Interval interval = part(metric);
                writer.WriteStartArray(key);
                writer.WriteNumberValue(interval.Low);
                writer.WriteNumberValue(interval.High);
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }
    }

    internal static RunIntervals Read(JsonElement element)
    {
        JsonElement profile = element.GetProperty("profile");
        JsonElement traffic = element.GetProperty("traffic");
        return new(
            element.GetProperty("level").GetDouble(),
            element.GetProperty("draws").GetInt32(),
            element.GetProperty("drawRequests").GetInt64(),
            element.GetProperty("metrics").EnumerateObject().ToDictionary(
                metric => metric.Name, metric => new MetricInterval(Ends(metric.Value), Ends(profile.GetProperty(metric.Name)), Ends(traffic.GetProperty(metric.Name)))));

        static Interval Ends(JsonElement pair) => new(pair[0].GetDouble(), pair[1].GetDouble());
    }

    private static string ExpressionName(Statistic statistic) => statistic switch
    {
        Statistic.Mean => "mean",
        Statistic.P50 => "p50",
        Statistic.P90 => "p90",
        Statistic.P95 => "p95",
        Statistic.P99 => "p99",
        _ => throw new ArgumentOutOfRangeException(nameof(statistic), statistic, "this statistic has no interval"),
    };
}
