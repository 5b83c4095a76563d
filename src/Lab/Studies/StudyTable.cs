using Orrery.Kernel.Statistics;
using Orrery.Lab.Results;

namespace Orrery.Lab.Studies;

/// <param name="Header">Without unit.</param>
/// <param name="Unit">Empty where there is none.</param>
/// <param name="IsText">Left-aligned words (what was varied) and not a figure.</param>
public sealed record StudyColumn(string Header, string Unit, bool IsText, Better Better, int Priority)
{
    /// <summary><c>TTFT p99 (ms)</c>.</summary>
    public string FullHeader => Unit.Length == 0 ? Header : $"{Header} ({Unit})";
}

/// <param name="Text">With the half width of its confidence interval where there are replications; a dash without samples.</param>
/// <param name="Value">In the measure's plain unit.</param>
/// <param name="IsBest">The best of its column, or as good as the best as far as the digits shown go.</param>
public sealed record StudyCell(string Text, double? Value, bool IsBest);

/// <summary>A study as rows and columns of text: what the terminal and the report print. Replications of one variant are one row.</summary>
public sealed record StudyTable(IReadOnlyList<StudyColumn> Columns, IReadOnlyList<IReadOnlyList<StudyCell>> Rows)
{
    /// <summary>Width that tables on a terminal keep to.</summary>
    public const int TerminalWidth = 100;

    private const string Missing = "–";

    /// <summary>All columns. Columns without any sample are left out, and columns that count mishaps where there were none.</summary>
    public static StudyTable Of(StudyResult study)
    {
        ArgumentNullException.ThrowIfNull(study);
        IReadOnlyList<Variant> variants = Variant.Group(study.Runs);
        var columns = new List<StudyColumn>();
        var cells = variants.Select(_ => new List<StudyCell>()).ToArray();
        IReadOnlyList<string> paths = [.. variants.SelectMany(v => v.Vary.Keys).Distinct(StringComparer.Ordinal)];
        IReadOnlyList<string> heads = VaryLabels.Short(paths);
        for (int i = 0; i < paths.Count; i++)
        {
            columns.Add(new(heads[i], "", true, Better.Neither, 0));
            for (int row = 0; row < cells.Length; row++)
                cells[row].Add(new(variants[row].Vary.GetValueOrDefault(paths[i], Missing), null, false));
        }
        if (paths.Count == 0)
        {
            columns.Add(new("scenario", "", true, Better.Neither, 0));
            foreach (List<StudyCell> row in cells) row.Add(new(study.Scenario, null, false));
        }
        foreach (Measure measure in Measures.Of(study)) AddMeasure(measure, variants, columns, cells);
        return new(columns, cells);
    }

    /// <summary>The most important columns that fit, in their usual order.</summary>
    /// <param name="width">Characters.</param>
    /// <param name="paddingPerColumn">What a column takes beside its text: blanks and a border.</param>
    public StudyTable Fit(int width = TerminalWidth, int paddingPerColumn = 3)
    {
        var taken = new SortedSet<int>();
        int used = 1;
        foreach (int column in Enumerable.Range(0, Columns.Count).OrderBy(i => Columns[i].Priority).ThenBy(i => i))
        {
            int needs = WidthOf(column) + paddingPerColumn;
            if (!Columns[column].IsText && used + needs > width) continue;
            taken.Add(column);
            used += needs;
        }
        return new(
            [.. taken.Select(i => Columns[i])],
            [.. Rows.Select(row => (IReadOnlyList<StudyCell>)[.. taken.Select(i => row[i])])]);
    }

    /// <summary>Characters of a column: its longest cell or, with the unit on a second line, its header.</summary>
    public int WidthOf(int column) => Math.Max(
        Math.Max(Columns[column].Header.Length, Columns[column].Unit.Length),
        Rows.Select(row => row[column].Text.Length).DefaultIfEmpty(0).Max());

    private static void AddMeasure(Measure measure, IReadOnlyList<Variant> variants, List<StudyColumn> columns, List<StudyCell>[] cells)
    {
        ConfidenceInterval?[] values = [.. variants.Select(variant => variant.Value(measure))];
        double[] present = [.. values.Where(v => v is not null).Select(v => v!.Value.Mean)];
        if (present.Length == 0 || (measure.OnlyWhenSeen && present.All(value => value == 0))) return;
        FigureScale scale = FigureScale.For(measure.Unit, present);
        columns.Add(new(measure.Header, measure.UnitText ?? scale.Unit, false, measure.Better, measure.Priority));
        string? best = BestText(measure.Better, present, scale);
        for (int row = 0; row < cells.Length; row++)
        {
            if (values[row] is not { } value)
            {
                cells[row].Add(new(Missing, null, false));
                continue;
            }
            string text = scale.Text(value.Mean);
            string spread = double.IsFinite(value.HalfWidth) ? $" ±{scale.Text(value.HalfWidth)}" : "";
            cells[row].Add(new(text + spread, value.Mean, text == best));
        }
    }

    /// <summary>Null where nothing is best: one row, or all the same as far as anybody can see.</summary>
    private static string? BestText(Better better, double[] present, FigureScale scale)
    {
        if (better == Better.Neither || present.Select(scale.Text).Distinct(StringComparer.Ordinal).Count() < 2) return null;
        return scale.Text(better == Better.Lower ? present.Min() : present.Max());
    }
}
