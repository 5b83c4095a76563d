using System.Buffers;
using System.Globalization;
using System.Text;

namespace Orrery.Serving.Exposition;

/// <summary>
/// Writes the Prometheus text format 0.0.4: for each family a line of help, a line of type, then its samples. Numbers go straight into the
/// text; labels that do not change are made once by <see cref="Labels"/>.
/// </summary>
public sealed class ExpositionText
{
    /// <summary>What HTTP calls this format.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly SearchValues<char> Escaped = SearchValues.Create("\\\"\n");

    private readonly StringBuilder _text = new();
    private readonly HashSet<string> _families = new(StringComparer.Ordinal);
    private MetricFamily? _family;

    /// <summary>Labels as they stand in a sample, values escaped.</summary>
    public static string Labels(params ReadOnlySpan<(string Name, string Value)> labels)
    {
        StringBuilder text = new();
        foreach ((string name, string value) in labels)
        {
            if (text.Length > 0) text.Append(',');
            text.Append(name).Append("=\"");
            Escape(text, value, quotes: true);
            text.Append('"');
        }
        return text.ToString();
    }

    /// <summary>Begins a family; the samples that follow are its own.</summary>
    /// <exception cref="InvalidOperationException">The page has it already.</exception>
    public void Begin(MetricFamily family)
    {
        ArgumentNullException.ThrowIfNull(family);
        if (!_families.Add(family.Name)) throw new InvalidOperationException($"the metric {family.Name} is on the page already");
        _family = family;
        _text.Append("# HELP ").Append(family.Name).Append(' ');
        Escape(_text, family.Help, quotes: false);
        string kind = family.Kind switch
        {
            MetricKind.Counter => "counter",
            MetricKind.Gauge => "gauge",
            _ => "histogram",
        };
        _text.Append("\n# TYPE ").Append(family.Name).Append(' ').Append(kind).Append('\n');
    }

    /// <param name="labels">From <see cref="Labels"/>; empty for none.</param>
    public void Sample(string labels, long value)
    {
        Head("", labels);
        _text.Append(CultureInfo.InvariantCulture, $"{value}\n");
    }

    /// <inheritdoc cref="Sample(string, long)"/>
    public void Sample(string labels, double value)
    {
        Head("", labels);
        Append(value);
    }

    /// <summary>The cumulative buckets of a histogram, its sum and its count.</summary>
    public void Sample(string labels, BucketHistogram histogram)
    {
        ArgumentNullException.ThrowIfNull(histogram);
        long below = 0;
        for (int bucket = 0; bucket < histogram.Counts.Length; bucket++)
        {
            below += histogram.Counts[bucket];
            Head("_bucket", labels, histogram.Edges.Label(bucket));
            _text.Append(CultureInfo.InvariantCulture, $"{below}\n");
        }
        Head("_sum", labels);
        Append(histogram.Sum);
        Head("_count", labels);
        _text.Append(CultureInfo.InvariantCulture, $"{histogram.Count}\n");
    }

    public override string ToString() => _text.ToString();

    private void Head(string suffix, string labels, string? edge = null)
    {
        if (_family is null) throw new InvalidOperationException("a sample needs a family");
        _text.Append(_family.Name).Append(suffix);
        if (labels.Length > 0 || edge is not null)
        {
            _text.Append('{').Append(labels);
            if (edge is not null) _text.Append(labels.Length > 0 ? "," : "").Append("le=\"").Append(edge).Append('"');
            _text.Append('}');
        }
        _text.Append(' ');
    }

    private void Append(double value)
    {
        if (double.IsPositiveInfinity(value)) _text.Append("+Inf\n");
        else if (double.IsNegativeInfinity(value)) _text.Append("-Inf\n");
        else _text.Append(CultureInfo.InvariantCulture, $"{value:R}\n");
    }

    private static void Escape(StringBuilder text, string value, bool quotes)
    {
        if (!value.AsSpan().ContainsAny(Escaped))
        {
            text.Append(value);
            return;
        }
        foreach (char c in value)
        {
            if (c == '\n') text.Append("\\n");
            else if (c == '\\') text.Append("\\\\");
            else if (c == '"' && quotes) text.Append("\\\"");
            else text.Append(c);
        }
    }
}
