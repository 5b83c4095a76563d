using System.Globalization;
using Orrery.Cli.Shell;
using Orrery.Cli.Tables;
using Orrery.Documents;
using Orrery.Lab.Claims;

namespace Orrery.Cli.Verbs;

/// <summary>Claims as text.</summary>
internal static class ClaimText
{
    private const string Missing = "-";

    public static void List(IReadOnlyList<ClaimFile> files, TextWriter output)
    {
        var table = new TextTable(new("name", IsNumber: false), new("kind", IsNumber: false), new("claims"), new("paper", IsNumber: false, Wraps: true));
        foreach (ClaimFile file in files) table.Add(file.System, file.IsStudy ? "study" : "system", file.Claims.Count.ToString(CultureInfo.InvariantCulture), file.Paper);
        table.Write(output);
    }

    public static void Write(Reproduction found, Terminal terminal)
    {
        if (terminal.Output == TextWriter.Null || found.Claims.Count == 0) return;
        var table = new TextTable(
            new("system", IsNumber: false), new("claim", IsNumber: false, Wraps: true), new("paper", IsNumber: false), new("measured", IsNumber: false),
            new("band", IsNumber: false), new("status", IsNumber: false));
        foreach (ClaimResult result in found.Claims)
        {
            Claim claim = result.Claim;
            string paper = claim.Paper is { } range ? $"{ClaimFigures.Range(range)} ({claim.Mark})" : Missing;
            table.Add(
                result.File.System, claim.Name, paper, ClaimFigures.Text(result.Measured, claim.Unit, Missing), claim.Band is { } band ? ClaimFigures.Range(band) + Own(claim) : Missing, ChoiceNames.Of(result.Status));
            if (claim.Window is not null) table.Add("", "whole run", "", ClaimFigures.Text(result.Whole, claim.Unit, Missing), "", "");
        }
        table.Write(terminal.Output);
        foreach (ClaimResult result in found.Claims)
        {
            if (result.Why.Length == 0) continue;
            string status = ChoiceNames.Of(result.Status);
            string head = $"{status}  {result.File.System} {result.Claim.Name}: ";
            string[] lines = [.. TextTable.Wrap(head + result.Why, Terminal.Columns)];
            if (result.Status == ClaimStatus.Missed) lines[0] = Ink.Bad(terminal, status) + lines[0][status.Length..];
            foreach (string line in lines) terminal.Output.WriteLine(line);
        }
        terminal.Output.WriteLine(Count(found));
    }

    private static string Count(Reproduction found)
    {
        IEnumerable<string> parts = found.Claims.GroupBy(claim => claim.Status).OrderBy(group => group.Key)
            .Select(group => string.Create(CultureInfo.InvariantCulture, $"{group.Count()} {ChoiceNames.Of(group.Key)}"));
        return string.Join(", ", parts) + string.Create(CultureInfo.InvariantCulture, $"; {found.Runs + found.Resumed} runs");
    }

    /// <summary>Whose rule the band is, where it is not the published one.</summary>
    private static string Own(Claim claim) => claim.BandMark.Length > 0 ? $" ({claim.BandMark})" : "";
}
