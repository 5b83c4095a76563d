using System.Globalization;
using System.Text;
using Orrery.Kernel;

namespace Orrery.Lab.Telemetry;

/// <summary>One sample of a Prometheus exposition.</summary>
/// <param name="Name">Metric name, with <c>_bucket</c>, <c>_sum</c> or <c>_count</c> where it belongs to a histogram.</param>
/// <param name="Labels">Unescaped.</param>
/// <param name="Value">May be NaN or infinite.</param>
public sealed record PrometheusSample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);

/// <summary>
/// Reads the Prometheus text format 0.0.4: <c>name{label="value",…} value [timestamp]</c>, comments and blank lines between; the exemplars of
/// OpenMetrics after <c> # </c> are passed over.
/// </summary>
public static class PrometheusText
{
    /// <param name="text">The whole exposition.</param>
    /// <param name="origin">Its name in errors.</param>
    /// <exception cref="InputException">A line is malformed; the sentence names it.</exception>
    public static IReadOnlyList<PrometheusSample> Parse(string text, string origin)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<PrometheusSample> samples = [];
        int number = 0;
        foreach (ReadOnlySpan<char> raw in text.AsSpan().EnumerateLines())
        {
            number++;
            ReadOnlySpan<char> line = raw.Trim();
            if (line.IsEmpty || line[0] == '#') continue;
            samples.Add(new Line(line.ToString(), $"{origin}:{number}").Read());
        }
        return samples;
    }

    private sealed class Line(string text, string where)
    {
        private int _at;

        public PrometheusSample Read()
        {
            string name = Name(allowsColon: true, "a metric name");
            SkipBlanks();
            Dictionary<string, string> labels = new(StringComparer.Ordinal);
            if (Peek() == '{') Labels(labels);
            SkipBlanks();
            int exemplar = text.IndexOf(" # ", _at, StringComparison.Ordinal);
            string[] rest = text[_at..(exemplar < 0 ? text.Length : exemplar)].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (rest.Length is not (1 or 2)) throw Error("expected a value, and at most a time stamp, after the metric");
            if (rest.Length == 2 && !double.TryParse(rest[1], NumberStyles.Float, CultureInfo.InvariantCulture, out _)) throw Error($"'{rest[1]}' is not a time stamp");
            return new(name, labels, Value(rest[0]));
        }

        private void Labels(Dictionary<string, string> labels)
        {
            _at++;
            SkipBlanks();
            while (Peek() != '}')
            {
                string label = Name(allowsColon: false, "a label name or '}'");
                SkipBlanks();
                Expect('=');
                SkipBlanks();
                Expect('"');
                if (!labels.TryAdd(label, Quoted())) throw Error($"the label '{label}' occurs twice");
                SkipBlanks();
                if (Peek() == ',') _at++;
                else if (Peek() != '}') throw Error("expected ',' or '}' after a label");
                SkipBlanks();
            }
            _at++;
        }

        /// <summary>Up to the closing quote; a backslash escapes itself, the quote and <c>n</c> for a line feed.</summary>
        private string Quoted()
        {
            StringBuilder value = new();
            while (_at < text.Length)
            {
                char c = text[_at++];
                if (c == '"') return value.ToString();
                if (c == '\\' && _at < text.Length)
                {
                    char escaped = text[_at++];
                    if (escaped == 'n') value.Append('\n');
                    else if (escaped is '\\' or '"') value.Append(escaped);
                    else value.Append(c).Append(escaped);
                }
                else
                {
                    value.Append(c);
                }
            }
            throw Error("the quote of a label's value is not closed");
        }

        private double Value(string word) => word.ToUpperInvariant() switch
        {
            "NAN" => double.NaN,
            "+INF" or "INF" => double.PositiveInfinity,
            "-INF" => double.NegativeInfinity,
            _ => double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : throw Error($"'{word}' is not a number"),
        };

        private string Name(bool allowsColon, string what)
        {
            int start = _at;
            while (_at < text.Length && (char.IsAsciiLetter(text[_at]) || text[_at] == '_' || (allowsColon && text[_at] == ':') || (_at > start && char.IsAsciiDigit(text[_at])))) _at++;
            return _at > start ? text[start.._at] : throw Error($"expected {what} at column {_at + 1}");
        }

        private char Peek() => _at < text.Length ? text[_at] : '\0';

        private void Expect(char wanted)
        {
            if (Peek() != wanted) throw Error($"expected '{wanted}' at column {_at + 1}");
            _at++;
        }

        private void SkipBlanks()
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at])) _at++;
        }

        private InputException Error(string sentence) => new($"{where}: {sentence}; this is no Prometheus text exposition such as vLLM serves at /metrics");
    }
}
