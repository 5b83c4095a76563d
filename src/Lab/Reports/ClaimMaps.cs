using Orrery.Lab.Claims;

namespace Orrery.Lab.Reports;

/// <summary>What a page of claims shows of grids and of values that were averaged.</summary>
internal static class ClaimMaps
{
    /// <summary>One map per cell and value of <c>each</c>, two beside each other.</summary>
    public static void Maps(HtmlWriter page, ClaimResult result, string id)
    {
        if (result.Maps.Count == 0) return;
        page.Raw("<p class=\"hint\">").Text($"{result.Claim.Plot!.Text}. {HeatMap.Legend}{Hatched(result)}").Raw("</p>\n<div class=\"charts\">\n");
        for (int i = 0; i < result.Maps.Count; i++)
        {
            ClaimMap map = result.Maps[i];
            (ClaimAxis rows, ClaimAxis columns) = (map.Grid.Axes[0], map.Grid.Axes[1]);
            HeatMap.Figure(page, new(map.Each.Length > 0 ? $"{map.Cell} · {map.Each}" : map.Cell, rows.Name, Texts(rows), columns.Name, Texts(columns), map.Values, ClaimFigures.Number), $"{id}-{i}");
        }
        page.Raw("</div>\n");
    }

    /// <summary>The figure of every value of <c>each</c>, on one line.</summary>
    public static void Each(HtmlWriter page, ClaimResult result)
    {
        if (result.Each.Count == 0) return;
        string unit = result.Claim.Unit.Length > 0 ? $" {result.Claim.Unit}" : "";
        IEnumerable<string> parts = result.Each.Select(each => $"{each.Key} {(each.Value is { } value ? ClaimFigures.Number(value) + unit : ReportText.Missing)}");
        page.Raw("<p class=\"hint\">").Text("Mean of " + string.Join(", ", parts)).Raw("</p>\n");
    }

    private static string Hatched(ClaimResult result) =>
        result.Maps.Any(map => map.Values.Contains(null)) ? " They are where the model does not fit, or cannot be cut that way." : "";

    private static string[] Texts(ClaimAxis axis) => [.. axis.Along.Values.Select(value => value.Text)];
}
