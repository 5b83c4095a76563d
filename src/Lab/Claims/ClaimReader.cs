using Orrery.Documents;
using Orrery.Documents.Expectations;
using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Studies;

namespace Orrery.Lab.Claims;

/// <summary>Reads <c>claims.yaml</c>; every mistake is told with its place before anything runs.</summary>
public static class ClaimReader
{
    private const int MostSeeds = 100;
    private const int LongestUnit = 12;
    private static readonly string[] PlotAxes = ["sweep", "cells"];
    private static readonly string[] Marks = ["a", "b", "c", "d"];

    /// <exception cref="InputException">The file is missing or has a mistake.</exception>
    public static ClaimFile Load(string path) => Read(Document.LoadWithIncludes(path), path, Path.GetDirectoryName(path) ?? "");

    /// <param name="root">The file's tree.</param>
    /// <param name="origin">Its name for people.</param>
    /// <param name="folder">Where relative file names start.</param>
    /// <exception cref="InputException">A mistake.</exception>
    public static ClaimFile Read(Node root, string origin, string folder)
    {
        ArgumentNullException.ThrowIfNull(root);
        MapReader map = root.AsMap();
        Shared shared = new(
            map.Optional("scenario") ?? Node.Map(), Cells(map.Optional("cells")), map.Int("seeds", Claim.DefaultSeeds, 1, MostSeeds),
            map.Optional("quick"), map.Optional("capacity"), map.Optional("grid"), map.Optional("each"));
        bool isStudy = map.Optional("study") is not null;
        string system = map.Text(isStudy ? "study" : "system");
        string paper = map.Text("paper");
        IReadOnlyList<Node> list = map.Required("claims").AsList();
        map.Done();
        var claims = new List<Claim>();
        foreach (Node node in list)
        {
            Claim claim = ReadClaim(node, shared);
            if (claims.Any(other => other.Name == claim.Name)) throw node["name"]!.Error($"two claims are named '{claim.Name}'; rename one of them");
            claims.Add(claim);
        }
        if (claims.Count == 0) throw root["claims"]!.Error("the list is empty; write at least one claim");
        return new(system, paper, claims, origin, folder, isStudy);
    }

    private static Claim ReadClaim(Node node, Shared shared)
    {
        MapReader map = node.AsMap();
        string name = Name(map.Required("name"));
        string doc = map.Text("doc", "");
        Node scenario = WithChanges(shared.Scenario, map);
        List<ClaimCell> cells = [.. shared.Cells];
        foreach (ClaimCell cell in Cells(map.Optional("cells")))
        {
            int index = cells.FindIndex(other => other.Name == cell.Name);
            if (index < 0) cells.Add(cell);
            else cells[index] = cell;
        }
        if (cells.Count == 0) throw node.Error("a claim needs at least one cell, such as cells: {ours: {fleet.0.scheduler: vllm-v1}}");
        ClaimSweep? sweep = map.Map("sweep") is { } along ? Sweep(along) : null;
        ClaimGrid? grid = ClaimGridReader.Read(map.Optional("grid"), shared.Grid, sweep);
        ClaimSweep? each = (map.Optional("each") ?? shared.Each) is { } list ? Sweep(list.AsMap()) : null;
        (Expectation[] goals, double tolerance) = Goals(map.Optional("capacity") ?? shared.Capacity);
        RunWindow? window = map.Map("window") is { } part ? Window(part) : null;
        int seeds = map.Int("seeds", shared.Seeds, 1, MostSeeds);
        var full = new ClaimScale(scenario, sweep, seeds, tolerance, grid, each);
        ClaimScale quick = Quick(Quick(full, shared.Quick, isShared: true), map.Optional("quick"), isShared: false);
        string[]? names = sweep is { Numbers: null } ? [.. sweep.Values.Select(value => value.Text)] : null;
        var scope = new ExpressionScope(
            [.. cells.Select(cell => cell.Name)], sweep is not null || grid is not null, names, goals.Length > 0, window is not null, IsPlot: false, grid, HasPriority: window?.Priority is not null);
        var claim = new Claim
        {
            Name = name,
            Doc = doc,
            Cells = cells,
            Goals = goals,
            Window = window,
            Value = ExpressionParser.Parse(map.Required("value"), scope),
            Unit = map.Text("unit", ""),
            Paper = map.Optional("paperValue") is { } paper ? Range(paper, allowsOne: true) : null,
            Mark = map.Optional("mark")?.AsOneOf(Marks, "source mark") ?? "",
            Band = map.Optional("band") is { } band ? Range(band, allowsOne: false) : null,
            BandMark = map.Optional("bandMark")?.AsOneOf(Marks, "source mark") ?? "",
            Plot = map.Optional("plot") is { } plot ? Plot(plot, scope, sweep) : null,
            NotComparable = map.Text("notComparable", ""),
            Why = map.Text("why", ""),
            Full = full,
            Quick = quick,
            Node = node,
        };
        map.Done();
        if (claim.Unit.Length > LongestUnit) throw node["unit"]!.Error($"a unit has at most {LongestUnit} characters");
        if (claim.BandMark.Length > 0 && claim.Band is null) throw node["bandMark"]!.KeyError("there is no band that this could be the mark of; add band: [low, high]");
        if (claim.Paper is not null && claim.Mark.Length == 0) throw node["paperValue"]!.KeyError("a figure of the paper needs its source; add mark: a, b, c or d");
        return claim;
    }

    private static string Name(Node node)
    {
        string name = node.AsText();
        return name.Length > 0 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            ? name
            : throw node.Error($"'{name}' is no name; write lower-case letters, digits and hyphens");
    }

    private static List<ClaimCell> Cells(Node? node)
    {
        var cells = new List<ClaimCell>();
        if (node is null) return cells;
        foreach ((string name, Node value) in node.AsMap().Node.Entries)
        {
            bool isName = char.IsAsciiLetter(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && name != "and";
            if (!isName) throw value.KeyError($"'{name}' is no name of a cell; write letters, digits and hyphens");
            cells.Add(new(name, [.. value.AsMap().Node.Entries]));
        }
        return cells;
    }

    private static Node WithChanges(Node scenario, MapReader map)
    {
        if (map.Optional("scenario") is { } over) scenario = Overrides.Merge(scenario, over.AsMap().Node);
        foreach ((string path, Node value) in map.Optional("set")?.AsMap().Node.Entries ?? []) scenario = Overrides.Set(scenario, path, value);
        return scenario;
    }

    private static ClaimScale Quick(ClaimScale full, Node? node, bool isShared)
    {
        if (node is null) return full;
        MapReader map = node.AsMap();
        Node scenario = WithChanges(full.Scenario, map);
        int seeds = map.Int("seeds", full.Seeds, 1, MostSeeds);
        double tolerance = Tolerance(map, full.Tolerance);
        ClaimSweep? sweep = full.Sweep;
        if (map.Optional("values") is { } values)
        {
            if (sweep is null) throw values.KeyError("this claim has no sweep whose values could be replaced; remove the key");
            sweep = Values(sweep.Path, values);
        }
        // What the file says for all claims concerns those that have a grid.
        (Node? axes, Node? eachValues) = (map.Optional("grid"), map.Optional("each"));
        ClaimGrid? grid = isShared && full.Grid is null ? null : ClaimGridReader.Quick(full.Grid, axes);
        ClaimSweep? each = isShared && full.Each is null ? null : ClaimGridReader.Quick(full.Each, eachValues);
        map.Done();
        return new(scenario, sweep, seeds, tolerance, grid, each);
    }

    internal static ClaimSweep Sweep(MapReader map)
    {
        ClaimSweep sweep = Values(map.Text("path"), map.Required("values"));
        map.Done();
        return sweep;
    }

    internal static ClaimSweep Values(string path, Node node)
    {
        IReadOnlyList<Node> values = node.AsList();
        if (values.Count == 0) throw node.Error("a sweep needs at least one value");
        double[]? numbers = Numbers(values, out Quantity measured);
        if (numbers is not null && numbers.Zip(numbers.Skip(1)).Any(pair => pair.First >= pair.Second)) throw node.Error("the values of a sweep must rise");
        return new(path, values, numbers, measured);
    }

    /// <summary>In plain units where all values are of one kind, else null.</summary>
    private static double[]? Numbers(IReadOnlyList<Node> values, out Quantity measured)
    {
        measured = Quantity.Number;
        foreach (Quantity kind in Enum.GetValues<Quantity>())
        {
            var numbers = new double[values.Count];
            int read = 0;
            while (read < values.Count && values[read].Kind == NodeKind.Scalar && Quantities.TryParse(values[read].Text, kind, out numbers[read], out _)) read++;
            if (read < values.Count) continue;
            measured = kind;
            return numbers;
        }
        return null;
    }

    private static (Expectation[] Goals, double Tolerance) Goals(Node? node)
    {
        if (node is null) return ([], CapacitySettings.DefaultTolerance);
        MapReader map = node.AsMap();
        Expectation[] goals = [.. map.Required("goals").AsList().Select(goal => Expectation.Parse(goal, RunMetricTable.Infos))];
        if (goals.Length == 0) throw node.Error("a capacity needs at least one goal, such as goals: [\"p99(gap) <= 200ms\"]");
        double tolerance = Tolerance(map, CapacitySettings.DefaultTolerance);
        map.Done();
        return (goals, tolerance);
    }

    private static double Tolerance(MapReader map, double fallback) => map.Number("tolerance", fallback, Capacity.SmallestTolerance, Capacity.LargestTolerance);

    private static RunWindow Window(MapReader map)
    {
        int? priority = map.Optional("priority")?.AsInt(int.MinValue, int.MaxValue);
        bool isTimed = priority is null || map.Has("from") || map.Has("to");
        RunWindow window = isTimed
            ? new(Instant.Zero + map.Duration("from"), Instant.Zero + map.Duration("to"), priority)
            : new(Instant.Zero, Instant.Never, priority);
        map.Done();
        return window.To > window.From ? window
            : throw map.Node.Error("a window ends after it begins; write for example {from: 1min, to: 10min}, or {priority: -1} for the requests of one priority");
    }

    private static ClaimRange Range(Node node, bool allowsOne)
    {
        if (allowsOne && node.Kind == NodeKind.Scalar)
        {
            double value = node.AsNumber();
            return new(value, value);
        }
        IReadOnlyList<Node> ends = node.AsList();
        if (ends.Count != 2) throw node.Error("expected two ends such as [2, 4], with null for an open one");
        double low = ends[0].Kind == NodeKind.Null ? double.NegativeInfinity : ends[0].AsNumber();
        double high = ends[1].Kind == NodeKind.Null ? double.PositiveInfinity : ends[1].AsNumber();
        return low <= high ? new(low, high) : throw node.Error("the lower end comes first");
    }

    private static ClaimPlot Plot(Node node, ExpressionScope scope, ClaimSweep? sweep)
    {
        MapReader map = node.AsMap();
        PlotKind kind = map.Choice<PlotKind>("kind");
        Node? x = map.Optional("x") is { } across && !PlotAxes.Contains(across.AsText()) ? across : null;
        Node y = map.Required("y");
        string[] cells = map.Optional("cells")?.AsList() is { } chosen ? [.. chosen.Select(cell => cell.AsOneOf(scope.Cells, "cell"))] : [.. scope.Cells];
        map.Done();
        if (x is not null && (kind != PlotKind.Lines || sweep is null)) throw x.Error("only lines with a sweep are drawn against another figure; remove x, or write kind: lines and a sweep");
        if (kind == PlotKind.Heat && scope.Grid is not { Axes.Count: 2 }) throw node.Error("a heat map needs a grid with two axes; write kind: bars");
        if (kind != PlotKind.Heat && scope.Grid is not null) throw node.Error("a grid is drawn as kind: heat; its first axis goes down, its second to the right");
        if (kind == PlotKind.Lines && sweep?.Numbers is null && x is null) throw node.Error("lines need a sweep with numbers; write kind: bars");
        ExpressionScope drawn = scope with { IsPlot = true };
        return new(kind, ExpressionParser.Parse(y, drawn), y.Text, cells, x is null ? null : ExpressionParser.Parse(x, drawn), x?.Text ?? "");
    }

    private sealed record Shared(Node Scenario, IReadOnlyList<ClaimCell> Cells, int Seeds, Node? Quick, Node? Capacity, Node? Grid, Node? Each);
}
