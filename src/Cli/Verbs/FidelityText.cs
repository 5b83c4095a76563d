using System.Globalization;
using Orrery.Cli.Shell;
using Orrery.Cli.Tables;
using Orrery.Documents;
using Orrery.Lab.Fidelity;

namespace Orrery.Cli.Verbs;

/// <summary>The tables of <c>fidelity</c> on a terminal.</summary>
internal static class FidelityText
{
    /// <summary>Groups of single models are many; the files have them.</summary>
    private const int MostLines = 60;

    public static void Write(FidelityReport report, Terminal terminal)
    {
        foreach (FidelityTable table in FidelityTable.Of(report)) Write(table, terminal.Output);
        foreach (string warning in report.Warnings) terminal.Error.WriteLine($"warning: {warning}");
    }

    /// <summary>How many bars are reached, over the level's own figures.</summary>
    public static void Total(FidelityReport report, TextWriter output)
    {
        FidelityRow[] own = [.. report.Rows.Where(row => row.Group == FidelityRow.All && row.Bar is not null)];
        if (own.Length == 0) return;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"of {own.Length} figures with a bar, {own.Count(row => row.Verdict == FidelityVerdict.Lead)} reach the lead bar, {own.Count(row => row.Verdict == FidelityVerdict.Entry)} the entry bar, {own.Count(row => row.Verdict == FidelityVerdict.Missed)} neither"));
    }

    private static void Write(FidelityTable table, TextWriter output)
    {
        output.WriteLine($"{table.Level} {ChoiceNames.Of(table.Mode)}: {table.Split}{Bars(table)}");
        TextTable text = new(
            [new("group", IsNumber: false, Wraps: true), new("part", IsNumber: false, Wraps: true), new("n"), .. table.Columns.Select(column => new Column(FidelityTable.Head(column))), new("bar", IsNumber: false)]);
        IReadOnlyList<FidelityLine> lines = table.Lines;
        if (lines.Count > MostLines) lines = [.. lines.Where(line => line.Group == FidelityRow.All || !line.Group.Contains('/', StringComparison.Ordinal))];
        foreach (FidelityLine line in lines)
        {
            text.Add([
                line.Group, line.Part, line.Samples.ToString(CultureInfo.InvariantCulture), .. line.Cells.Select(FidelityTable.Text), FidelityTable.Text(line.Verdict),
            ]);
        }
        text.Write(output, 2);
        output.WriteLine();
    }

    private static string Bars(FidelityTable table)
    {
        FidelityBar[] bars = [.. table.Lines.SelectMany(line => line.Cells).Select(cell => cell?.Bar).OfType<FidelityBar>().Distinct()];
        if (bars.Length != 1) return "";
        return string.Create(CultureInfo.InvariantCulture, $" (entry {100 * bars[0].Entry:0.#} %, lead {100 * bars[0].Lead:0.#} %)");
    }
}
