using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Traffic.Generators.Arrivals;
using Orrery.Traffic.Generators.Distributions;
using Orrery.Traffic.Generators.Lengths;

namespace Orrery.Traffic.Specs;

/// <summary>
/// Distributions as scenarios write them: a plain value, or one family with its parameters such as <c>{lognormal: {median: 512, sigma:
/// 0.8, min: 16, max: 2048}}</c>.
/// </summary>
internal static class DistributionReader
{
    internal static readonly string[] Families = ["lognormal", "fixed", "uniform", "exponential", "gamma", "weibull", "normal",
        "pareto", "zipf", "quantiles", "choice"];

    private const double LargestCv = UnitGaps.LargestCv;

    /// <summary>Token counts: bare numbers of at least <paramref name="least"/>.</summary>
    internal static IDistribution ReadTokens(Node node, double least = 1) =>
        Read(node, value => value.AsNumber(least, Readers.Formats.Limits.MaxTokens), least);

    /// <summary>Times: quantities such as <c>2s</c>; the samples are seconds.</summary>
    internal static IDistribution ReadSeconds(Node node) => Read(node, value => value.AsQuantity(Quantity.Duration), 0);

    private static IDistribution Read(Node node, Func<Node, double> value, double least)
    {
        if (node.Kind == NodeKind.Scalar) return new Constant(value(node));
        MapReader outer = node.AsMap();
        if (node.Entries.Count != 1)
            throw node.Error($"expected one family of distribution ({string.Join(", ", Families)}), for example {{lognormal: {{median: 512, sigma: 0.8}}}}");
        string family = node.Entries[0].Key;
        if (!Families.Contains(family))
            throw node.Error($"'{family}' is not a family of distributions{Kernel.Names.Suggest(family, Families)}");
        Node body = outer.Required(family);
        if (family == "fixed") return new Constant(value(body));
        MapReader map = body.AsMap();
        IDistribution result = Family(family, map, value, least);
        map.Done();
        return result;
    }

    private static IDistribution Family(string family, MapReader map, Func<Node, double> value, double least)
    {
        switch (family)
        {
            case "uniform":
                {
                    double min = value(map.Required("min"));
                    double max = value(map.Required("max"));
                    return max > min ? new Uniform(min, max) : throw map.Required("max").Error("must be more than min");
                }
            case "quantiles":
                return Curve(map, value);
            case "choice":
                {
                    double[] values = [.. map.Required("values").AsList().Select(value)];
                    double[] weights = map.Has("weights") ? [.. map.Required("weights").AsList().Select(w => w.AsNumber(0))]
                        : [.. values.Select(_ => 1.0)];
                    if (values.Length == 0) throw map.Required("values").Error("must name at least one value");
                    if (weights.Length != values.Length)
                        throw map.Required("weights").Error($"{weights.Length} weights do not match {values.Length} values");
                    return weights.Sum() > 0 ? new Choice(values, weights) : throw map.Required("weights").Error("one weight must be positive");
                }
            case "zipf":
                {
                    double skew = map.Number("skew", 1, 0, 20);
                    if (map.Optional("mean") is { } mean) return ScaledZipf(mean.AsInt(1, 1_000_000), skew, map.Int("max", Readers.Formats.Limits.MaxTokens, 1));
                    int min = map.Int("min", Math.Max(1, (int)least), 1);
                    int max = map.Required("max").AsInt(min, min + 1_000_000);
                    double[] values = [.. Enumerable.Range(min, max - min + 1).Select(v => (double)v)];
                    return new Choice(values, [.. values.Select(v => Math.Pow(v, -skew))]);
                }
            default:
                return Bounded(Unbounded(family, map, value), map, value, least);
        }
    }

    /// <summary>
    /// Ranks 1 to 2·mean − 1 by Zipf, scaled to the mean and rounded up, then cut at <paramref name="max"/>: the lengths of Llumnix' artefact
    /// (Sun et al., OSDI 2024, b). The cut takes the mean a little below.
    /// </summary>
    private static Choice ScaledZipf(int mean, double skew, int max)
    {
        double[] weights = [.. Enumerable.Range(1, (2 * mean) - 1).Select(rank => Math.Pow(rank, -skew))];
        double meanRank = weights.Select((weight, i) => weight * (i + 1)).Sum() / weights.Sum();
        return new Choice([.. weights.Select((_, i) => Math.Min(max, Math.Ceiling((i + 1) * mean / meanRank)))], weights);
    }

    private static ICumulative Unbounded(string family, MapReader map, Func<Node, double> value) => family switch
    {
        "lognormal" => ReadLogNormal(map, value),
        "exponential" => new Exponential(Positive(map.Required("mean"), value)),
        "gamma" => Gamma.FromMeanAndCv(Positive(map.Required("mean"), value), map.Required("cv").AsNumber(UnitGaps.SmallestCv, LargestCv)),
        "weibull" => Weibull.FromMeanAndCv(Positive(map.Required("mean"), value), map.Required("cv").AsNumber(UnitGaps.SmallestCv, UnitGaps.LargestWeibullCv)),
        "normal" => new Normal(value(map.Required("mean")), value(map.Required("deviation"))),
        _ => new Pareto(map.Required("shape").AsNumber(0.01, 1000), Positive(map.Required("min"), value)),
    };

    private static IDistribution Bounded(ICumulative inner, MapReader map, Func<Node, double> value, double least)
    {
        double min = map.Optional("min") is { } low ? value(low) : least;
        double max = map.Optional("max") is { } high ? value(high) : Readers.Formats.Limits.MaxTokens;
        return max > min ? new Clamped(inner, min, max) : throw map.Required("max").Error("must be more than min");
    }

    private static LogNormal ReadLogNormal(MapReader map, Func<Node, double> value)
    {
        if (map.Has("mean")) return LogNormal.FromMeanAndCv(Positive(map.Required("mean"), value),
            map.Required("cv").AsNumber(0, LargestCv));
        double median = Positive(map.Required("median"), value);
        if (map.Optional("p90") is not { } p90) return LogNormal.FromMedianSigma(median, map.Required("sigma").AsNumber(0, 20));
        double upper = value(p90);
        return upper >= median ? LogNormal.FromMedianP90(median, upper) : throw p90.Error("must not be less than the median");
    }

    internal static QuantileCurve Curve(MapReader map, Func<Node, double> value)
    {
        Node levels = map.Required("levels");
        Node values = map.Required("values");
        return Curve(levels, values, value);
    }

    internal static QuantileCurve Curve(Node levels, Node values, Func<Node, double> value)
    {
        try
        {
            return new QuantileCurve([.. levels.AsList().Select(v => v.AsNumber(0, 1))], [.. values.AsList().Select(value)]);
        }
        catch (ArgumentException e)
        {
            throw values.Error(e.Message);
        }
    }

    private static double Positive(Node node, Func<Node, double> value)
    {
        double number = value(node);
        return number > 0 ? number : throw node.Error("must be more than 0");
    }
}
