using System.Globalization;
using System.Text.Json;
using Orrery.Kernel;
using Orrery.Lab.Results;

namespace Orrery.Lab.Studies;

/// <summary>One figure of two results.</summary>
/// <param name="Metric">Path of the key below the result: <c>ttftSeconds.p99</c>.</param>
/// <param name="Unit">Of the plain values.</param>
/// <param name="A">Null where the result has no samples or no such key.</param>
public sealed record DiffRow(string Metric, MeasureUnit Unit, double? A, double? B)
{
    /// <summary>(B − A) / A; null where one is missing or only A is zero.</summary>
    public double? Difference => (A, B) switch
    {
        ({ } a, { } b) when a == b => 0,
        ({ } a, { } b) when a != 0 => (b - a) / Math.Abs(a),
        _ => null,
    };

    public string TextA => Text(A);

    public string TextB => Text(B);

    /// <summary>The difference with its sign and unit, or a dash.</summary>
    public string TextDifference => Difference switch
    {
        null => "–",
        0 => "=",
        { } share => string.Create(CultureInfo.InvariantCulture, $"{share * 100:+0.##;-0.##;0} %"),
    };

    private string Text(double? value)
    {
        if (value is not { } number) return "–";
        // Both sides of a row are read against each other, so they share a unit.
        double[] both = [.. new[] { A, B }.OfType<double>()];
        FigureScale scale = FigureScale.For(Unit, both);
        return $"{scale.Text(number)}{(scale.Unit.Length > 0 ? " " + scale.Unit : "")}";
    }
}

/// <param name="Label">What was varied, of two studies; empty of two runs.</param>
public sealed record DiffGroup(string Label, IReadOnlyList<DiffRow> Rows);

/// <summary>Two results side by side: simulated or live, runs or studies. It compares what both files say and knows no other source.</summary>
/// <param name="Notes">What could not be compared, one sentence each.</param>
public sealed record ResultDiff(string NameA, string NameB, IReadOnlyList<DiffGroup> Groups, IReadOnlyList<string> Notes)
{
    /// <summary>One was measured on a server and the other simulated: what only a simulation knows is missing on one side.</summary>
    public bool IsMixed { get; init; }

    /// <summary>Compares two files.</summary>
    /// <param name="pathA">A <c>result.json</c>, or a folder that has one.</param>
    /// <param name="pathB">As <paramref name="pathA"/>.</param>
    /// <exception cref="InputException">Missing, no JSON, no result, or a run against a study.</exception>
    public static ResultDiff OfFiles(string pathA, string pathB)
    {
        using JsonDocument a = ResultFile.Read(pathA, out string nameA);
        using JsonDocument b = ResultFile.Read(pathB, out string nameB);
        bool isStudy = ResultFile.IsStudy(a.RootElement, nameA);
        if (isStudy != ResultFile.IsStudy(b.RootElement, nameB))
        {
            (string kindA, string kindB) = isStudy ? ("a study", "a run") : ("a run", "a study");
            throw new InputException($"{nameB}: this is {kindB} and {nameA} is {kindA}; compare two of a kind");
        }
        var notes = new List<string>();
        if (!isStudy)
        {
            Warn(notes, "", a.RootElement, b.RootElement);
            bool aIsMeasured = IsMeasured(a.RootElement);
            bool isMixed = aIsMeasured != IsMeasured(b.RootElement);
            if (isMixed)
                notes.Add(aIsMeasured
                    ? "A was measured and B simulated: the last column is the error of the simulation"
                    : "B was measured and A simulated: A against B is the error of the simulation, the last column is its reverse");
            return new(nameA, nameB, [new("", Rows(a.RootElement, b.RootElement))], notes) { IsMixed = isMixed };
        }
        Dictionary<string, JsonElement> runsB = ResultFile.RunsOf(b.RootElement, nameB);
        var groups = new List<DiffGroup>();
        foreach ((string label, JsonElement run) in ResultFile.RunsOf(a.RootElement, nameA))
        {
            if (!runsB.Remove(label, out JsonElement other))
            {
                notes.Add($"{label}: only in {nameA}");
                continue;
            }
            Warn(notes, $"{label}: ", run, other);
            groups.Add(new(label, Rows(run, other)));
        }
        notes.AddRange(runsB.Keys.Select(label => $"{label}: only in {nameB}"));
        if (groups.Count == 0) throw new InputException($"{nameB}: no run has the same varied values as one of {nameA}; there is nothing to compare");
        return new(nameA, nameB, groups, notes);
    }

    /// <summary>Results of <c>load</c> say how they were measured.</summary>
    private static bool IsMeasured(JsonElement run) => run.TryGetProperty("load", out _);

    private static List<DiffRow> Rows(JsonElement a, JsonElement b)
    {
        var rows = new List<DiffRow>();
        Dictionary<string, double?> inB = ResultFile.Figures(b);
        foreach ((string metric, double? value) in ResultFile.Figures(a))
        {
            inB.Remove(metric, out double? other);
            rows.Add(new(metric, ResultFile.UnitOf(metric), value, other));
        }
        rows.AddRange(inB.Select(left => new DiffRow(left.Key, ResultFile.UnitOf(left.Key), null, left.Value)));
        rows.RemoveAll(row => row is { A: null, B: null });
        return rows;
    }

    private static void Warn(List<string> notes, string label, JsonElement a, JsonElement b)
    {
        foreach (string key in new[] { "scenario", "seed" })
        {
            string textA = a.TryGetProperty(key, out JsonElement valueA) ? valueA.ToString() : "";
            string textB = b.TryGetProperty(key, out JsonElement valueB) ? valueB.ToString() : "";
            if (textA != textB) notes.Add($"{label}the {key} differs: {textA} and {textB}");
        }
        bool isPartial = new[] { a, b }.Any(run => run.TryGetProperty("partial", out JsonElement partial) && partial.ValueKind == JsonValueKind.True);
        if (isPartial) notes.Add($"{label}at least one run was interrupted; its figures cover what it had reached");
    }
}
