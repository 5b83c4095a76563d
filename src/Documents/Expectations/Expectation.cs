using Orrery.Kernel;

namespace Orrery.Documents.Expectations;

/// <summary>A goal that a run meets or misses: <c>p99(gap) &lt;= 200ms</c>, <c>attainment &gt;= 0.9</c>.</summary>
/// <param name="Function">The statistic of a distribution, or <see cref="Statistic.Value"/>.</param>
/// <param name="Metric">Its name and kind.</param>
/// <param name="Comparison">How the measured value must stand to <paramref name="Goal"/>.</param>
/// <param name="Goal">In the plain unit of the metric's kind (seconds for times).</param>
public sealed record Expectation(Statistic Function, MetricInfo Metric, Comparison Comparison, double Goal)
{
    /// <summary>What is measured: <c>p99(gap)</c> or <c>attainment</c>.</summary>
    public string Subject => Function == Statistic.Value ? Metric.Name : $"{ChoiceNames.Of(Function)}({Metric.Name})";

    /// <summary>The goal with its unit.</summary>
    public string GoalText => Quantities.Format(Goal, Metric.Kind);

    /// <summary>Reads one expression of a scenario; errors name its place.</summary>
    /// <exception cref="InputException">Malformed, or an unknown metric, function or unit.</exception>
    public static Expectation Parse(Node node, IReadOnlyList<MetricInfo> metrics)
    {
        ArgumentNullException.ThrowIfNull(node);
        return ExpectationParser.TryParse(node.AsText(), metrics, out string problem) ?? throw node.Error(problem);
    }

    /// <summary>Reads one expression of the command line; <paramref name="flag"/> opens the errors.</summary>
    /// <exception cref="InputException">As the other overload.</exception>
    public static Expectation Parse(string text, string flag, IReadOnlyList<MetricInfo> metrics) =>
        ExpectationParser.TryParse(text, metrics, out string problem)
            ?? throw new InputException($"{flag} '{Quantities.Shorten(text)}': {problem}");

    /// <summary>Compares with what was measured.</summary>
    /// <param name="lookup">The measured value in the plain unit of the metric's kind, or null where there is no sample.</param>
    public Outcome Evaluate(Func<Statistic, MetricInfo, double?> lookup)
    {
        ArgumentNullException.ThrowIfNull(lookup);
        double? measured = lookup(Function, Metric);
        return new(this, measured, measured is { } value && Comparison.Holds(value, Goal));
    }

    /// <summary>The expression in its normal form; <see cref="Parse(string, string, IReadOnlyList{MetricInfo})"/> reads it back.</summary>
    public override string ToString() => $"{Subject} {Comparison.Sign()} {GoalText}";
}
