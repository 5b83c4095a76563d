using System.Globalization;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Lab.Results;
using Orrery.Lab.Scenarios;
using Orrery.Lab.Studies;

namespace Orrery.Lab.Claims;

/// <summary>Which run or search: a cell at a point under a seed.</summary>
/// <param name="Point">Of sweep or grid; those of the second value of <c>each</c> follow those of the first.</param>
internal readonly record struct ClaimSlot(string Cell, int Point, int Replication, bool IsSearch);

/// <summary>What a piece of work gave: a run, or the capacity found.</summary>
internal sealed record ClaimOutcome(RunRecord? Record, double CapacityPerSecond);

/// <summary>One run or one capacity search.</summary>
/// <param name="Key">Equal for equal work, across claims.</param>
/// <param name="Execute">Null when it was interrupted.</param>
internal sealed record ClaimWork(string Key, string Label, bool IsSearch, Func<JournaledRuns, ClaimOutcome?> Execute);

/// <summary>The work behind one claim.</summary>
internal sealed record ClaimPlan(
    ClaimFile File, Claim Claim, ClaimScale Scale, IReadOnlyList<ulong> Seeds, IReadOnlyDictionary<ClaimSlot, ClaimWork> Work)
{
    /// <exception cref="InputException">A mistake in the scenario of a cell; the error names the claim's file.</exception>
    public static ClaimPlan Of(ClaimFile file, Claim claim, ClaimSettings settings, PreparedOnce prepared)
    {
        ClaimScale scale = settings.Quick ? claim.Quick : claim.Full;
        PrepareRun prepare = ScenarioRuns.From(file.Folder, settings.FastForward, claim.Window);
        var work = new Dictionary<ClaimSlot, ClaimWork>();
        var seeds = new List<ulong>();
        InputException? infeasible = null;
        foreach (ClaimCell cell in claim.Cells)
        {
            (bool needsRun, bool needsSearch) = Needs(claim, cell.Name);
            if (!needsRun && !needsSearch) continue;
            for (int point = 0; point < scale.Points * (scale.Each?.Values.Count ?? 1); point++)
            {
                Node tree = TreeOf(scale, cell, point);
                PreparedRun opening;
                try
                {
                    opening = prepared.Get(new(claim.Window, scale.Scenario, cell, scale.Place(point), settings.Seed), () => prepare(tree, settings.Seed));
                }
                catch (InputException mistake) when (scale.Grid is not null && mistake.IsInfeasible)
                {
                    infeasible ??= mistake;
                    continue;
                }
                CheckFigures(claim, cell.Name, opening.Experiment);
                ulong first = opening.Seed;
                if (seeds.Count == 0) seeds.AddRange(Enumerable.Range(0, scale.Seeds).Select(i => unchecked(first + (ulong)i)));
                for (int i = 0; i < scale.Seeds; i++)
                {
                    ulong seed = unchecked(first + (ulong)i);
                    PreparedRun run = i == 0 ? opening : prepared.Get(new(claim.Window, scale.Scenario, cell, scale.Place(point), seed), () => prepare(tree, seed));
                    string label = Label(file, claim, scale, cell, point, run.Seed);
                    string key = StudyJournal.KeyOf(run);
                    if (needsRun)
                        work[new(cell.Name, point, i, false)] = new(key, label, false, runs => runs.Get(run) is { } record ? new(record, double.NaN) : null);
                    if (needsSearch)
                        work[new(cell.Name, point, i, true)] = Search(claim, scale, tree, file.Folder, prepare, run, key, label);
                }
            }
        }
        // A grid of which nothing is possible is a mistake, and the first point says which.
        if (work.Count == 0 && infeasible is not null) throw infeasible;
        return new(file, claim, scale, seeds, work);
    }

    private static (bool Run, bool Search) Needs(Claim claim, string cell)
    {
        Figure[] all = FiguresOf(claim, cell);
        return (all.Any(figure => figure is not CapacityFigure), all.Any(figure => figure is CapacityFigure));
    }

    /// <summary>What a cell runs and what is asked of it must be of one kind.</summary>
    private static void CheckFigures(Claim claim, string cell, ExperimentSpec? experiment)
    {
        foreach (Figure figure in FiguresOf(claim, cell))
        {
            if (figure is NamedFigure named)
            {
                if (experiment is null) throw claim.Node["value"]!.Error($"figure({named.Name}, {cell}): the cell runs a fleet and no experiment; write a metric such as p99(ttft, {cell})");
                string[] known = [.. experiment.Figures.Select(one => one.Name)];
                if (!known.Contains(named.Name))
                    throw claim.Node["value"]!.Error($"figure({named.Name}, {cell}): the cell's experiment has no such figure{Names.Suggest(named.Name, known)}");
            }
            else if (experiment is not null)
            {
                throw claim.Node["value"]!.Error($"the cell {cell} runs an experiment, which has no metrics of requests and no capacity; write figure({experiment.Figures[0].Name}, {cell})");
            }
        }
    }

    /// <summary>Everything that is asked of a cell, in the claim's figure and in its plot.</summary>
    private static Figure[] FiguresOf(Claim claim, string cell)
    {
        IEnumerable<Figure> figures = claim.Value.All().OfType<Figure>().Where(figure => figure.Cell == cell);
        figures = figures.Concat(claim.Value.All().OfType<GridForm>().Where(form => form.Cells.Contains(cell)).SelectMany(form => form.Curve.All()).OfType<Figure>());
        if (claim.Plot is { } plot && plot.Cells.Contains(cell)) figures = figures.Concat(plot.Parts.OfType<Figure>());
        return [.. figures];
    }

    private static Node TreeOf(ClaimScale scale, ClaimCell cell, int point)
    {
        Node tree = scale.Scenario;
        if (scale.Each is { } each) tree = Overrides.Set(tree, each.Path, each.Values[point / scale.Points]);
        point %= scale.Points;
        foreach ((string path, Node value) in cell.Assignments) tree = Overrides.Set(tree, path, value);
        if (scale.Grid is { } grid) return grid.Apply(tree, point);
        return scale.Sweep is { } sweep ? Overrides.Set(tree, sweep.Path, sweep.Values[point]) : tree;
    }

    private static ClaimWork Search(
        Claim claim, ClaimScale scale, Node tree, string folder, PrepareRun prepare, PreparedRun run, string key, string label)
    {
        string goals = string.Join(" and ", claim.Goals);
        string own = string.Create(CultureInfo.InvariantCulture, $"{key} capacity {scale.Tolerance:R} {goals}");
        return new(own, $"{label}, capacity", true, runs =>
        {
            var settings = new CapacitySettings { Goals = claim.Goals, RelativeTolerance = scale.Tolerance, Cancel = runs.Cancel };
            if (RateKnob.Of(tree, ScenarioReader.Read(tree, folder, run.Seed), settings) is not { } traffic) return null;
            CapacitySearch search = RateSearch.Find(run.Seed, rate =>
                runs.Get(prepare(traffic.Apply(tree, rate), run.Seed)) is { } record
                    ? Capacity.Judge(claim.Goals, rate, record.Window ?? record.Result)
                    : null,
                traffic.StartRate, scale.Tolerance, settings.MostProbes);
            return search.End switch
            {
                CapacityEnd.Interrupted => null,
                // Goals that no rate misses say nothing about the fleet.
                CapacityEnd.Unbounded => new(null, double.NaN),
                _ => new(null, search.Estimate),
            };
        });
    }

    private static string Label(ClaimFile file, Claim claim, ClaimScale scale, ClaimCell cell, int point, ulong seed)
    {
        string at = scale.Each is { } each ? $" {each.Values[point / scale.Points].Text}" : "";
        point %= scale.Points;
        if (scale.Sweep is { } sweep) at += $" {sweep.Values[point].Text}";
        if (scale.Grid is { } grid) at += $" {grid.Describe(point)}";
        return string.Create(CultureInfo.InvariantCulture, $"{file.System} {claim.Name} {cell.Name}{at}, seed {seed}");
    }
}
