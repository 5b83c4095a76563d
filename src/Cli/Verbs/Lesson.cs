using System.Globalization;
using Orrery.Cli.Tables;
using Orrery.Lab.Results;
using Orrery.Lab.Studies;

namespace Orrery.Cli.Verbs;

/// <summary>Says in two sentences what a comparison of systems taught; every word and figure follows from the results.</summary>
internal static class Lesson
{
    /// <summary>Shares that differ by less are called equal.</summary>
    private const double SameShare = 0.01;

    /// <summary>From this factor on a cause is worth naming.</summary>
    private const double TellingFactor = 1.5;

    public static string Of(StudyResult study)
    {
        IReadOnlyList<Variant> variants = Variant.Group(study.Runs);
        if (variants.Count < 2) return "Too few runs finished to learn anything from them.";
        // Shares that round alike are a tie, which the slowest first tokens decide.
        Variant[] ranked =
        [
            .. variants.OrderByDescending(v => Math.Round(Share(v) / SameShare))
                .ThenBy(v => Of(v).Metrics.TtftSeconds?.P99 ?? double.PositiveInfinity),
        ];
        return $"{Verdict(ranked)} {Cause(Of(ranked[0]), Of(ranked[^1]), ranked[0].Label, ranked[^1].Label)} "
            + Cost(Of(ranked[0]), Of(ranked[^1]), ranked[0].Label, ranked[^1].Label);
    }

    private static string Verdict(Variant[] ranked)
    {
        (Variant best, Variant second, Variant worst) = (ranked[0], ranked[1], ranked[^1]);
        if (Share(best) - Share(worst) < SameShare)
            return $"All {ranked.Length} systems meet the objective for about {Percent(Share(best))} of the requests: this traffic does not tell them apart.";
        bool isTie = ranked.Length > 2 && Math.Abs(Share(best) - Share(second)) < SameShare;
        string leaders = isTie
            ? $"{best.Label} and {second.Label} meet the objective for about {Percent(Share(best))} of the requests"
            : $"{best.Label} meets the objective for {Percent(Share(best))} of the requests";
        string next = !isTie && ranked.Length > 2 ? $"; next is {second.Label} with {Percent(Share(second))}" : "";
        return $"On the same traffic and hardware {leaders}, {worst.Label} for {Percent(Share(worst))}{next}.";
    }

    /// <summary>The part of the latency in which the two differ most.</summary>
    private static string Cause(RunResult best, RunResult worst, string bestName, string worstName)
    {
        (string Words, double Best, double Worst)[] parts =
        [
            ("before a request is first scheduled, 99th percentile", best.Metrics.QueueSeconds?.P99 ?? 0, worst.Metrics.QueueSeconds?.P99 ?? 0),
            ("between two tokens, 99th percentile", best.Metrics.GapSeconds?.P99 ?? 0, worst.Metrics.GapSeconds?.P99 ?? 0),
            ("per output token, median", best.Metrics.TpotSeconds?.P50 ?? 0, worst.Metrics.TpotSeconds?.P50 ?? 0),
        ];
        const double shortestFelt = 1e-3;
        (string words, double ours, double theirs) = parts.MaxBy(part => Math.Max(part.Worst, shortestFelt) / Math.Max(part.Best, shortestFelt));
        return theirs < TellingFactor * ours
            ? "Their latencies hardly differ."
            : $"The difference is felt most as time {words}: {Time(ours)} with {bestName}, {Time(theirs)} with {worstName}.";
    }

    private static string Cost(RunResult best, RunResult worst, string bestName, string worstName)
    {
        if (best.Tokens.Output == 0 || worst.Tokens.Output == 0) return "";
        double ours = best.Cost.EnergyJoules / best.Tokens.Output;
        double theirs = worst.Cost.EnergyJoules / worst.Tokens.Output;
        return $"A token takes {TextTable.Figure(ours)} J with {bestName} and {TextTable.Figure(theirs)} J with {worstName}.";
    }

    private static RunResult Of(Variant variant) => variant.Runs[0].Result;

    private static double Share(Variant variant) => Of(variant).Metrics.SloAttainment;

    private static string Percent(double share) => (share * 100).ToString("0.#", CultureInfo.InvariantCulture) + " %";

    private static string Time(double seconds) => seconds < 1 ? $"{TextTable.Figure(seconds * 1000)} ms" : $"{TextTable.Figure(seconds)} s";
}
