using System.Globalization;

namespace Orrery.Documents.Expectations;

/// <summary>An expectation beside what was measured. Without a sample nothing is met.</summary>
public sealed record Outcome(Expectation Expectation, double? Measured, bool IsMet)
{
    /// <summary>One clause for tables and terminals: <c>p99(gap) is 231.4ms, expected &lt;= 200ms</c>.</summary>
    public string Sentence => Measured is { } measured
        ? $"{Expectation.Subject} is {Rounded(measured)}, expected {Expectation.Comparison.Sign()} {Expectation.GoalText}"
        : $"{Expectation.Subject} has no samples, expected {Expectation.Comparison.Sign()} {Expectation.GoalText}";

    private string Rounded(double measured)
    {
        if (!double.IsFinite(measured)) return measured.ToString(CultureInfo.InvariantCulture);
        // Four digits tell everything a reader acts on; near the goal all digits, so that no "200ms, expected <= 200ms" is shown as missed.
        const int digits = 4;
        string rounded = Quantities.Rounded(measured, Expectation.Metric.Kind, digits);
        bool keepsVerdict = Quantities.TryParse(rounded, Expectation.Metric.Kind, out double shown, out _)
            && Expectation.Comparison.Holds(shown, Expectation.Goal) == IsMet;
        return keepsVerdict ? rounded : Quantities.Format(measured, Expectation.Metric.Kind);
    }
}
