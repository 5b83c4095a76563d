using System.Globalization;
using Orrery.Documents;
using Orrery.Traffic.Description;

namespace Orrery.Traffic.Fitting;

/// <summary>
/// Puts the statistics of data and generated traffic side by side, and the errors between them, into the catalogue's form.
/// </summary>
internal static class FitReport
{
    private static readonly double[] Quantiles = [0.5, 0.9, 0.99];

    internal static Node Map(params KeyValuePair<string, Node>[] entries) => Node.Map(entries);

    internal static KeyValuePair<string, Node> Entry(string key, Node value) => new(key, value);

    internal static KeyValuePair<string, Node> Text(string key, string value) => new(key, Node.Quoted(value));

    internal static KeyValuePair<string, Node> Word(string key, string value) => new(key, Node.Plain(value));

    internal static KeyValuePair<string, Node> Number(string key, double value) => new(key, Number(value));

    internal static KeyValuePair<string, Node> List(string key, IEnumerable<double> values) => new(key, List(values));

    internal static Node List(IEnumerable<double> values) => Node.List([.. values.Select(Number)]);

    /// <summary>Four significant digits: finer would claim more than a fit knows.</summary>
    internal static Node Number(double value) => Node.Plain(Rounded(value).ToString("0.##########", CultureInfo.InvariantCulture));

    internal static double Rounded(double value)
    {
        const int digits = 4;
        if (value == 0 || !double.IsFinite(value)) return 0;
        double scale = Math.Pow(10, digits - 1 - Math.Floor(Math.Log10(Math.Abs(value))));
        return scale >= 1 ? Math.Round(value * scale) / scale : Math.Round(value);
    }

    /// <summary>Statistics by name, in a fixed order.</summary>
    internal static IReadOnlyList<KeyValuePair<string, double>> Statistics(TrafficDescription d)
    {
        var result = new List<KeyValuePair<string, double>>
        {
            new("ratePerSecond", d.RatePerSecond),
            new("gapCv", d.GapCv),
        };
        foreach (DispersionWindow window in d.Dispersion) result.Add(
            new(string.Create(CultureInfo.InvariantCulture, $"dispersion{window.Seconds}s"), window.Index));
        result.Add(new("promptMean", d.PromptTokens.Mean));
        foreach (double q in Quantiles) result.Add(
            new(string.Create(CultureInfo.InvariantCulture, $"promptP{q * 100}"), d.PromptTokens.Quantile(q)));
        result.Add(new("outputMean", d.OutputTokens.Mean));
        foreach (double q in Quantiles) result.Add(
            new(string.Create(CultureInfo.InvariantCulture, $"outputP{q * 100}"), d.OutputTokens.Quantile(q)));
        result.Add(new("lengthCorrelation", d.LengthCorrelation));
        result.Add(new("prefixHitFraction", d.Prefixes.HitFraction));
        return result;
    }

    /// <summary>The <c>fit:</c> block.</summary>
    internal static Node Fit(string name, FitSample data, FitSample generated, double windowSeconds, string note)
    {
        IReadOnlyList<KeyValuePair<string, double>> truth = Statistics(data.Description);
        IReadOnlyList<KeyValuePair<string, double>> ours = Statistics(generated.Description);
        int windows = Math.Max(1, (int)Math.Ceiling(data.ArrivalSeconds[^1] / windowSeconds));
        double profile = data.Profile(windowSeconds, windows).Zip(generated.Profile(windowSeconds, windows), (a, b) =>
            Math.Abs(a - b)).Sum() / 2;
        return Map(
            Number("rows", data.Count),
            Text("command", $"orrery traffic fit {name} --data DIR"),
            Entry("data", Map([.. truth.Select(s => Number(s.Key, s.Value))])),
            Entry("generated", Map([.. ours.Select(s => Number(s.Key, s.Value))])),
            Entry("errors", Map(
                Number("promptKolmogorovSmirnov", FitSample.KolmogorovSmirnov(data.Prompts, generated.Prompts)),
                Number("outputKolmogorovSmirnov", FitSample.KolmogorovSmirnov(data.Outputs, generated.Outputs)),
                Number("rateProfile", profile),
                Entry("relative", Map([.. truth.Zip(ours).Where(p => p.First.Value != 0).Select(p =>
                    Number(p.First.Key, (p.Second.Value / p.First.Value) - 1))])))),
            Text("note", note));
    }
}
