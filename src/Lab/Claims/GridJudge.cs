namespace Orrery.Lab.Claims;

/// <summary>What claims with <c>grid</c> and <c>each</c> show beside their figure.</summary>
internal static class GridJudge
{
    /// <summary>The mean over the values of <c>each</c> at which there is a figure; not a number where there is none.</summary>
    public static double Mean(ClaimPlan plan, Func<int, double> of) =>
        Enumerable.Range(0, Count(plan)).Select(of).Where(value => !double.IsNaN(value)).DefaultIfEmpty(double.NaN).Average();

    /// <param name="plan">A claim that has run.</param>
    /// <param name="of">The figures of a replication at a value of <c>each</c>.</param>
    public static IReadOnlyList<KeyValuePair<string, double?>> Each(ClaimPlan plan, Func<int, int, IClaimFigures> of) => plan.Scale.Each is not { } each
        ? []
        : [.. each.Values.Select((value, i) => KeyValuePair.Create(value.Text, OverSeeds(plan, seed => plan.Claim.Value.Evaluate(new(of(seed, i), 0)))))];

    /// <inheritdoc cref="Each"/>
    public static IReadOnlyList<ClaimMap> Maps(ClaimPlan plan, Func<int, int, IClaimFigures> of)
    {
        if (plan.Claim.Plot is not { Kind: PlotKind.Heat } plot || plan.Scale.Grid is not { } grid) return [];
        return
        [
            .. Enumerable.Range(0, Count(plan)).SelectMany(each => plot.Cells.Select(cell => new ClaimMap(
                cell, plan.Scale.Each?.Values[each].Text ?? "", grid,
                [.. Enumerable.Range(0, grid.Points).Select(point => OverSeeds(plan, seed => plot.Y.Evaluate(new(of(seed, each), point, cell))))]))),
        ];
    }

    private static int Count(ClaimPlan plan) => plan.Scale.Each?.Values.Count ?? 1;

    private static double? OverSeeds(ClaimPlan plan, Func<int, double> of)
    {
        double mean = plan.Seeds.Select((_, i) => of(i)).DefaultIfEmpty(double.NaN).Average();
        return double.IsFinite(mean) ? mean : null;
    }
}
