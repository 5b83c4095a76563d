using Orrery.Cli.Shell;
using Orrery.Cli.Tables;
using Orrery.Lab.Results;
using Orrery.Lab.Studies;

namespace Orrery.Cli.Verbs;

/// <summary>A study as text.</summary>
internal static class StudyText
{
    /// <summary>Two blanks between columns and one character for the mark of the best.</summary>
    private const int Padding = 3;

    public static void Write(StudyResult study, Terminal terminal)
    {
        if (terminal.Output == TextWriter.Null || study.Runs.Count == 0) return;
        StudyTable table = StudyTable.Of(study).Fit(Terminal.Columns, Padding);
        var text = new TextTable([.. table.Columns.Select(column =>
            new Column(column.IsText ? column.Header : $"{column.Header} \n{column.Unit} ", IsNumber: !column.IsText))]);
        foreach (IReadOnlyList<StudyCell> row in table.Rows)
            text.Add([.. row.Select((cell, i) => table.Columns[i].IsText ? cell.Text : cell.Text + (cell.IsBest ? "*" : " "))]);
        text.Write(terminal.Output);
        if (table.Rows.Any(row => row.Any(cell => cell.IsBest))) terminal.Output.WriteLine("* best of its column");
    }

    /// <summary>Goals that runs missed, a line each.</summary>
    /// <returns>True when every run met its goals.</returns>
    public static bool WriteGoals(StudyResult study, Terminal terminal)
    {
        bool allMet = true;
        foreach (StudyRun run in study.Runs)
        {
            foreach (ExpectationOutcome outcome in run.Record.Result.Expectations)
            {
                if (outcome.IsMet) continue;
                allMet = false;
                string label = run.Vary.Count == 0 ? study.Scenario : string.Join(" · ", run.Vary.Values);
                terminal.Output.WriteLine($"{Ink.Bad(terminal, "MISSED")}  {label}: {outcome.Sentence}");
            }
        }
        return allMet;
    }
}
