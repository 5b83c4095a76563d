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
        double rounded = double.Parse(measured.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        bool keepsVerdict = Expectation.Comparison.Holds(rounded, Expectation.Goal) == IsMet;
        return Quantities.Format(keepsVerdict ? rounded : measured, Expectation.Metric.Kind);
    }
}
