using System.Globalization;
using Orrery.Lab.Results;

namespace Orrery.Lab.Reports;

/// <summary>What replicas did beside computing prompts and outputs: swaps, drafts, training, what moved between them, the power of their row.</summary>
public static class SideWork
{
    /// <summary>A label and its figures for each kind of work that was seen in the run; empty where there was none.</summary>
    /// <param name="figures">Those of the whole run; a part of a run has none of these.</param>
    public static IReadOnlyList<(string Label, string Text)> Of(RunFigures figures)
    {
        ArgumentNullException.ThrowIfNull(figures);
        List<(string, string)> lines = [];
        double Known(string metric) => figures.Number(metric) ?? 0;
        if (Known("swappedOutTokens") + Known("swappedInTokens") > 0)
        {
            string wait = Known("swapWait") > 0 ? $"waiting for copies {Percent(Known("swapWait"))} of the time" : "no step waited for copies";
            lines.Add(("swaps", $"{Count(Known("swappedOutTokens"))} tokens out to host memory, {Count(Known("swappedInTokens"))} back; {wait}"));
        }
        if (Known("draftedTokens") > 0)
        {
            lines.Add(("drafts",
                $"{Count(Known("draftedTokens"))} tokens proposed, {Count(Known("acceptedTokens"))} accepted ({Percent(Known("acceptedShare"))}); "
                + $"{ReportText.Digits(Known("draftLength"))} proposed per sequence and step"));
        }
        if (Known("trainedTokens") > 0)
        {
            lines.Add(("training",
                $"{Count(Known("trainedTokens"))} tokens, {ReportText.Digits(Known("trainedTokensPerSecond"))} tokens/s; "
                + $"{ReportText.Prefixed(Known("finetuneBytes"), "B")} per device beside the frozen weights"));
        }
        if (Known("handOvers") > 0)
        {
            lines.Add(("hand-overs",
                $"KV of {Count(Known("handOvers"))} prompts to other replicas, {ReportText.Prefixed(Known("handOverBytes"), "B")}, {Percent(Known("hiddenShare"))} of it while they were read; "
                + $"{ReportText.Duration(Known("handOverTime"))} from a prompt's end to the other replica on average"));
        }
        if (Known("migrations") + Known("abortedMigrations") > 0)
        {
            string stops = Known("migrations") > 0
                ? $"; stopped for {ReportText.Duration(Known("downtime"))} on average, {ReportText.Duration(Known("longestDowntime"))} at most" : "";
            lines.Add(("migrations",
                $"{Count(Known("migrations"))} running requests to other replicas, {Count(Known("abortedMigrations"))} given up, {ReportText.Prefixed(Known("migrationBytes"), "B")}{stops}"));
        }
        if (Known("startedReplicas") + Known("stoppedReplicas") > 0)
        {
            lines.Add(("replicas",
                $"{Count(Known("startedReplicas"))} started, {Count(Known("stoppedReplicas"))} stopped, at most {Count(Known("mostReplicas"))} served at once; "
                + $"{ReportText.Digits(Known("replicaHours"))} replica-hours; {Count(Known("evictions"))} requests lost their KV with a machine ({Count(Known("lostTokens"))} tokens)"));
        }
        if (figures.Number("rowPeak") is { } peak)
        {
            lines.Add(("row power",
                $"at most {Percent(peak)} of the budget, {Percent(Known("rowMean"))} on average; {Count(Known("capCommands"))} clocks sent, {Count(Known("brakes"))} brakes "
                + $"({ReportText.Duration(Known("brakedSeconds"))})"));
        }
        return lines;
    }

    private static string Count(double tokens) => tokens.ToString("N0", CultureInfo.InvariantCulture);

    private static string Percent(double share) => share.ToString("0.0 %", CultureInfo.InvariantCulture);
}
