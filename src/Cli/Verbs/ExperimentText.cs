using System.Globalization;
using Orrery.Cli.Shell;
using Orrery.Cli.Tables;
using Orrery.Kernel.Experiments;
using Orrery.Lab.Results;

namespace Orrery.Cli.Verbs;

/// <summary>One run of an experiment as text: its figures, its tables, which goals were met.</summary>
internal static class ExperimentText
{
    private const int Digits = 4;

    public static void Write(RunResult run, ExperimentOutcome outcome, Terminal terminal)
    {
        TextWriter output = terminal.Output;
        if (output == TextWriter.Null) return;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{run.Scenario}: experiment {outcome.Use}, seed {run.Seed}"));
        output.WriteLine();
        var figures = new TextTable(new("figure", IsNumber: false), new("value"), new("unit", IsNumber: false), new("meaning", IsNumber: false, Wraps: true));
        foreach (ExperimentFigure figure in outcome.Figures)
            if (outcome.Value(figure.Name) is { } value) figures.Add(figure.Name, TextTable.Figure(value, Digits), figure.Unit, figure.Doc);
        figures.Write(output);
        foreach (ExperimentTable table in outcome.Tables)
        {
            output.WriteLine();
            output.WriteLine(table.Title);
            Column[] columns = [.. table.Columns.Select((head, i) => new Column(head, IsNumber: table.Rows.All(row => IsNumber(row[i])), Wraps: table.Rows.Any(row => !IsNumber(row[i]))))];
            var text = new TextTable(columns);
            foreach (IReadOnlyList<string> row in table.Rows) text.Add([.. row]);
            text.Write(output);
        }
        if (run.Expectations.Count + run.Notes.Count > 0) output.WriteLine();
        foreach (ExpectationOutcome goal in run.Expectations)
            RunTable.Line(output, "goal", (goal.IsMet ? Ink.Good(terminal, "met: ") : Ink.Bad(terminal, "MISSED: ")) + goal.Sentence);
        foreach (string note in run.Notes) RunTable.Line(output, "note", note);
    }

    private static bool IsNumber(string cell) => cell.Length == 0 || cell == "-" || double.TryParse(cell, NumberStyles.Float | NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out _);
}
