namespace Orrery.Lab.Fidelity;

/// <summary>What is known of the device that is judged.</summary>
public enum FidelityMode
{
    /// <summary>The device's own tables are given.</summary>
    Interpolate,

    /// <summary>Its data sheet alone: constants were learnt on other devices.</summary>
    Transfer,
}

/// <summary>Figures that a level states.</summary>
public enum FidelityMetric
{
    /// <summary>Mean absolute relative error.</summary>
    Mape,

    /// <summary>Sum of absolute errors over the sum of measured values.</summary>
    Weighted,

    /// <summary>95th percentile of the absolute relative errors.</summary>
    P95,

    /// <summary>Median signed relative error: above 0 means predicted too high.</summary>
    Bias,

    /// <summary>Spearman's rank correlation of predicted and measured.</summary>
    Rank,

    /// <summary>Share of measured values within the 90 % interval that the profile states.</summary>
    Coverage,

    /// <summary>Throughput of the plan predicted best over that of the plan measured best, mean over the choices.</summary>
    Regret,

    /// <summary>Signed error of the mean.</summary>
    Mean,

    /// <summary>Signed error of the median.</summary>
    P50,

    /// <summary>Signed error of the 90th percentile.</summary>
    P90,

    /// <summary>Signed error of the 95th percentile.</summary>
    P95Error,

    /// <summary>Signed error of the 99th percentile.</summary>
    P99,

    /// <summary>Distance of the two distributions over the measured mean (Wasserstein 1).</summary>
    Wasserstein,

    /// <summary>Preemptions of the predicted run: a count.</summary>
    Preemptions,

    /// <summary>Predicted KV blocks over those that the engine reported, less 1.</summary>
    Blocks,

    /// <summary>Predicted steps over those that ran, less 1.</summary>
    Steps,
}

/// <summary>Whether a figure reached its bar.</summary>
public enum FidelityVerdict
{
    /// <summary>There is no bar.</summary>
    None,

    /// <summary>The entry bar is missed.</summary>
    Missed,

    /// <summary>Between entry and lead.</summary>
    Entry,

    /// <summary>At least as good as the lead bar.</summary>
    Lead,
}

/// <summary>A bar with two heights.</summary>
/// <param name="Entry">What a usable model reaches.</param>
/// <param name="Lead">What the best known reach; equal to the entry where there is one height.</param>
/// <param name="HighIsGood">Of correlations and shares; of errors the size counts.</param>
public sealed record FidelityBar(double Entry, double Lead, bool HighIsGood = false)
{
    /// <summary>Where a figure stands.</summary>
    public FidelityVerdict Judge(double value)
    {
        if (!double.IsFinite(value)) return FidelityVerdict.Missed;
        return Reaches(value, Lead) ? FidelityVerdict.Lead : Reaches(value, Entry) ? FidelityVerdict.Entry : FidelityVerdict.Missed;
    }

    private bool Reaches(double value, double bar) => HighIsGood ? value >= bar : Math.Abs(value) <= bar;
}

/// <summary>One figure of the report.</summary>
/// <param name="Level"><c>F1</c> to <c>F5</c> or <c>energy</c>.</param>
/// <param name="Mode">What was known of the device.</param>
/// <param name="Split">What was predicted from what, such as <c>every second point</c>.</param>
/// <param name="Group">Device, deployment or run; <see cref="All"/> for the level's own figure.</param>
/// <param name="Part">Kind of operator, of step, or quantity.</param>
/// <param name="Metric">Which figure.</param>
/// <param name="Value">A share, a correlation or a count; NaN where it cannot be computed.</param>
/// <param name="Samples">Values compared.</param>
/// <param name="Bar">Null for none.</param>
public sealed record FidelityRow(
    string Level, FidelityMode Mode, string Split, string Group, string Part, FidelityMetric Metric, double Value, int Samples, FidelityBar? Bar = null)
{
    /// <summary>The group of a level's own figures.</summary>
    public const string All = "all";

    public FidelityVerdict Verdict => Bar?.Judge(Value) ?? FidelityVerdict.None;
}

/// <summary>One value, measured and predicted, for plots.</summary>
/// <param name="Level">As in <see cref="FidelityRow"/>.</param>
/// <param name="Mode">As in <see cref="FidelityRow"/>.</param>
/// <param name="Group">Colour of the plot.</param>
/// <param name="Part">Plot: what was measured.</param>
/// <param name="Load">Requests in flight, sequences of a step; NaN where a level has no load.</param>
/// <param name="Measured">Seconds, or joules per token.</param>
/// <param name="Predicted">The same.</param>
public readonly record struct FidelityPoint(string Level, FidelityMode Mode, string Group, string Part, double Load, double Measured, double Predicted);
