using Orrery.Kernel;

namespace Orrery.Documents.Expectations;

/// <summary>The grammar: <c>[function '('] metric [')'] comparison value</c>, blanks anywhere between the parts.</summary>
internal static class ExpectationParser
{
    private const string Examples = "write 'p99(gap) <= 200ms' or 'attainment >= 0.9'";

    /// <summary>Null with a problem (the end of a sentence) where the text is no expectation.</summary>
    public static Expectation? TryParse(string text, IReadOnlyList<MetricInfo> metrics, out string problem)
    {
        int signStart = text.AsSpan().IndexOfAny("<>=!");
        if (signStart < 0)
        {
            problem = $"expected a comparison ({string.Join(' ', Comparisons.All)}); {Examples}";
            return null;
        }
        int signEnd = signStart;
        while (signEnd < text.Length && "<>=!".Contains(text[signEnd], StringComparison.Ordinal)) signEnd++;
        string sign = text[signStart..signEnd];
        if (!Comparisons.TryParse(sign, out Comparison comparison))
        {
            problem = $"'{Quantities.Shorten(sign)}' is no comparison; write one of {string.Join(' ', Comparisons.All)}";
            return null;
        }
        if (ParseSubject(text[..signStart].Trim(), metrics, out Statistic function, out problem) is not { } metric) return null;
        // The count of a distribution of times is a plain number.
        if (function == Statistic.Count) metric = metric with { Kind = Quantity.Number };
        string goalText = text[signEnd..].Trim();
        if (Quantities.TryParse(goalText, metric.Kind, out double goal, out string? badGoal))
            return new(function, metric, comparison, goal);
        problem = goalText.Length == 0
            ? $"the value after {sign} is missing; write {Quantities.Noun(metric.Kind)} such as {Quantities.Example(metric.Kind)}"
            : badGoal!;
        return null;
    }

    private static MetricInfo? ParseSubject(string subject, IReadOnlyList<MetricInfo> metrics, out Statistic function, out string problem)
    {
        function = Statistic.Value;
        int open = subject.IndexOf('(', StringComparison.Ordinal);
        bool hasFunction = open >= 0;
        string name = subject;
        if (hasFunction)
        {
            if (!subject.EndsWith(')'))
            {
                problem = $"the closing bracket after '{Quantities.Shorten(subject)}' is missing; {Examples}";
                return null;
            }
            string functionName = subject[..open].Trim();
            string[] known = [.. ChoiceNames.All<Statistic>().Skip(1)];
            if (!known.Contains(functionName))
            {
                problem = $"unknown function '{Quantities.Shorten(functionName)}'" + Names.Suggest(functionName, known);
                return null;
            }
            function = ChoiceNames.Parse<Statistic>(functionName);
            name = subject[(open + 1)..^1].Trim();
        }
        return FindMetric(name, hasFunction, metrics, out problem);
    }

    private static MetricInfo? FindMetric(string name, bool hasFunction, IReadOnlyList<MetricInfo> metrics, out string problem)
    {
        problem = "";
        if (name.Length == 0)
        {
            problem = $"the metric is missing; {Examples}";
            return null;
        }
        MetricInfo? metric = metrics.FirstOrDefault(candidate => candidate.Name == name);
        string[] known = [.. metrics.Select(candidate => candidate.Name)];
        if (metric is null) problem = $"unknown metric '{Quantities.Shorten(name)}'" + Names.Suggest(name, known);
        else if (metric.IsDistribution && !hasFunction)
            problem = $"'{name}' has many values; write which one, such as p99({name}) or mean({name})";
        else if (!metric.IsDistribution && hasFunction) problem = $"'{name}' is a single number; write it without a function";
        return problem.Length == 0 ? metric : null;
    }
}
