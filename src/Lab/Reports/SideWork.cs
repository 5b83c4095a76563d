using System.Globalization;
using Orrery.Lab.Results;

namespace Orrery.Lab.Reports;

/// <summary>What replicas did beside computing prompts and outputs: swaps, drafts, training.</summary>
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
        return lines;
    }

    private static string Count(double tokens) => tokens.ToString("N0", CultureInfo.InvariantCulture);

    private static string Percent(double share) => share.ToString("0.0 %", CultureInfo.InvariantCulture);
}
