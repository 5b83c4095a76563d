using Orrery.Lab.Studies;

namespace Orrery.Lab.Reports;

/// <summary>What a report shows beside the runs themselves.</summary>
public sealed record ReportInput
{
    /// <summary>One run or many; a run alone has nothing varied.</summary>
    public required StudyResult Study { get; init; }

    /// <summary>The scenario with every default resolved, as YAML; empty to leave it out. Of a study: before anything is varied.</summary>
    public string LockText { get; init; } = "";

    /// <summary>The objective's time to first token, drawn in its chart; null for none.</summary>
    public double? TtftLimitSeconds { get; init; }

    /// <summary>The objective's time per output token; null for none.</summary>
    public double? TpotLimitSeconds { get; init; }

    /// <summary>One sentence under the title that says what was learnt; empty for none.</summary>
    public string Lesson { get; init; } = "";
}
