using System.Globalization;

namespace Orrery.Serving.Tests.Exposition;

/// <summary>A strict reader of the text format 0.0.4, and the rules that every page must keep.</summary>
internal sealed class Prom
{
    private readonly List<Sample> _samples = [];
    private readonly Dictionary<string, string> _kinds = new(StringComparer.Ordinal);

    public sealed record Sample(string Family, string Name, IReadOnlyDictionary<string, string> Labels, double Value)
    {
        public string LabelsWithout(string label) =>
            string.Join(',', Labels.Where(pair => pair.Key != label).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"));
    }

    public IReadOnlyList<Sample> Samples => _samples;

    public IReadOnlyDictionary<string, string> Kinds => _kinds;

    public static Prom Parse(string text)
    {
        Prom page = new();
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        string? helped = null;
        string? family = null;
        foreach (string line in text[..^1].Split('\n'))
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                string[] words = line.Split(' ', 4);
                Assert.True(words is [_, _, _, { Length: > 0 }], line);
                helped = words[2];
            }
            else if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                string[] words = line.Split(' ');
                Assert.Equal(4, words.Length);
                Assert.Equal(helped, words[2]);
                Assert.Contains(words[3], new[] { "counter", "gauge", "histogram" });
                Assert.True(page._kinds.TryAdd(words[2], words[3]), $"{words[2]} twice");
                family = words[2];
            }
            else
            {
                page._samples.Add(ReadSample(line, family ?? throw new InvalidOperationException($"a sample without a family: {line}")));
            }
        }
        page.Check();
        return page;
    }

    /// <summary>The value of the one sample of this name that has these labels among its own.</summary>
    public double Value(string name, params (string Name, string Value)[] labels) =>
        Assert.Single(_samples, sample => sample.Name == name && labels.All(label => sample.Labels.GetValueOrDefault(label.Name) == label.Value)).Value;

    private static Sample ReadSample(string line, string family)
    {
        int at = 0;
        while (at < line.Length && (char.IsAsciiLetterOrDigit(line[at]) || line[at] is '_' or ':')) at++;
        string name = line[..at];
        Assert.True(name.Length > 0 && !char.IsAsciiDigit(name[0]), line);
        Dictionary<string, string> labels = new(StringComparer.Ordinal);
        if (line[at] == '{')
        {
            at++;
            while (true)
            {
                int equals = line.IndexOf('=', at);
                string label = line[at..equals];
                Assert.Matches("^[a-zA-Z_][a-zA-Z0-9_]*$", label);
                Assert.Equal('"', line[equals + 1]);
                at = equals + 2;
                System.Text.StringBuilder value = new();
                for (; line[at] != '"'; at++)
                {
                    if (line[at] != '\\')
                    {
                        value.Append(line[at]);
                        continue;
                    }
                    at++;
                    value.Append(line[at] switch
                    {
                        'n' => '\n',
                        '\\' => '\\',
                        '"' => '"',
                        _ => throw new InvalidOperationException($"unknown escape: {line}"),
                    });
                }
                Assert.True(labels.TryAdd(label, value.ToString()), $"label {label} twice: {line}");
                at++;
                if (line[at++] == '}') break;
            }
        }
        Assert.Equal(' ', line[at]);
        string number = line[(at + 1)..];
        double read = number == "+Inf" ? double.PositiveInfinity : double.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture);
        return new(family, name, labels, read);
    }

    private void Check()
    {
        Assert.Equal(_samples.Count, _samples.Select(sample => $"{sample.Name}{{{sample.LabelsWithout("")}}}").Distinct().Count());
        foreach ((string family, string kind) in _kinds)
        {
            Sample[] own = [.. _samples.Where(sample => sample.Family == family)];
            // vLLM calls one histogram and nothing else that is no counter a total.
            if (kind == "counter" || family != "vllm:iteration_tokens_total") Assert.Equal(kind == "counter", family.EndsWith("_total", StringComparison.Ordinal));
            if (kind == "histogram") CheckHistogram(family, own);
            else Assert.All(own, sample => Assert.Equal(family, sample.Name));
            if (kind == "counter") Assert.All(own, sample => Assert.True(sample.Value >= 0));
        }
    }

    private static void CheckHistogram(string family, Sample[] own)
    {
        foreach (IGrouping<string, Sample> series in own.GroupBy(sample => sample.LabelsWithout("le")))
        {
            Sample[] buckets = [.. series.Where(sample => sample.Name == $"{family}_bucket")];
            double[] edges = [.. buckets.Select(bucket => bucket.Labels["le"] == "+Inf" ? double.PositiveInfinity : double.Parse(bucket.Labels["le"], CultureInfo.InvariantCulture))];
            Assert.Equal(double.PositiveInfinity, edges[^1]);
            Assert.Equal(edges.Order(), edges);
            Assert.Equal(edges.Distinct(), edges);
            Assert.Equal(buckets.Select(bucket => bucket.Value).Order(), buckets.Select(bucket => bucket.Value));
            double count = Assert.Single(series, sample => sample.Name == $"{family}_count").Value;
            double sum = Assert.Single(series, sample => sample.Name == $"{family}_sum").Value;
            Assert.Equal(count, buckets[^1].Value);
            Assert.Equal(buckets.Length + 2, series.Count());
            // The sum lies between what the lower and the upper edges say.
            double below = 0;
            double least = 0;
            double most = 0;
            for (int i = 0; i < buckets.Length; i++)
            {
                double inside = buckets[i].Value - below;
                below = buckets[i].Value;
                if (inside == 0) continue;
                least += inside * (i == 0 ? 0 : edges[i - 1]);
                most += inside * edges[i];
            }
            Assert.True(sum >= least * (1 - 1e-9) && sum <= most * (1 + 1e-9), $"{family}: sum {sum} not in [{least}, {most}]");
        }
    }
}
