using System.Globalization;
using Orrery.Documents;
using Orrery.Traffic.Generators.Arrivals;
using Orrery.Traffic.Generators.Lengths;
using Orrery.Traffic.Generators.Sources;
using Orrery.Traffic.Readers;

namespace Orrery.Traffic.Fitting;

/// <summary>
/// A service of many clients in short: the heaviest clients one by one, the rest in groups of alike rate; each with its share, rate-weighted CV and family, activity, log-normal spread of its hourly rate,
/// and pooled length quantiles; and 24 hourly factors that all share.
/// </summary>
internal static class ServeGenFit
{
    private const int SingleClients = 20;

    private const int Groups = 5;

    private const int HoursPerDay = 24;

    private const int WindowsPerHour = 6;

    internal static Node Traffic(ServeGenStatistics statistics)
    {
        double total = statistics.Clients.Sum(c => c.MeanRatePerSecond);
        ServeGenClient[] byRate = [.. statistics.Clients.OrderByDescending(c => c.MeanRatePerSecond)];
        double[] day = Day(statistics);
        var members = new List<Node>();
        foreach (ServeGenClient client in byRate.Take(SingleClients)) members.Add(Member(client.Name, [client], total, statistics.Windows, day));
        ServeGenClient[] rest = [.. byRate.Skip(SingleClients)];
        for (int group = 0; group < Groups; group++)
        {
            ServeGenClient[] alike = rest[(group * rest.Length / Groups)..((group + 1) * rest.Length / Groups)];
            if (alike.Length > 0) members.Add(Member($"group-{group + 1}", alike, total, statistics.Windows, day));
        }
        return FitReport.Map(
            FitReport.Word("generator", "many-clients"),
            FitReport.Word("rate", string.Create(CultureInfo.InvariantCulture, $"{FitReport.Rounded(total)}/s")),
            FitReport.Word("duration", "10min"),
            FitReport.Word("window", "1h"),
            FitReport.List("factors", day),
            FitReport.Entry("members", Node.List(members)));
    }

    private static double[] Day(ServeGenStatistics statistics)
    {
        var hours = new double[HoursPerDay];
        foreach (ServeGenClient client in statistics.Clients)
        {
            foreach ((int window, ClientWindow rate) in client.Windows) hours[window / WindowsPerHour % HoursPerDay] += rate.RatePerSecond;
        }
        double mean = hours.Average();
        return [.. hours.Select(h => h / mean)];
    }

    private static Node Member(string name, ServeGenClient[] clients, double total, int windows, double[] day)
    {
        double rate = clients.Sum(c => c.MeanRatePerSecond);
        double cv = Weighted(clients, w => w.Cv);
        double gamma = Weighted(clients, w => w.Family == GapFamily.Gamma ? 1 : 0);
        (double activity, double sigma) = Wander(clients, windows, day);
        return FitReport.Map(
            FitReport.Word("name", name),
            FitReport.Number("count", clients.Length),
            FitReport.Number("share", rate / total),
            FitReport.Entry("gaps", FitReport.Map(FitReport.Word("family", gamma >= 0.5 ? "gamma" : "weibull"), FitReport.Number("cv", cv))),
            FitReport.Number("rateSigma", sigma),
            FitReport.Number("activity", activity),
            FitReport.Entry("prompt", Pool(clients, l => (QuantileCurve)((IndependentLengths)l).Prompt)),
            FitReport.Entry("output", Pool(clients, l => (QuantileCurve)((IndependentLengths)l).Output)));
    }

    private static double Weighted(ServeGenClient[] clients, Func<ClientWindow, double> value)
    {
        double sum = 0;
        double weights = 0;
        foreach (ClientWindow window in clients.SelectMany(c => c.Windows.Values))
        {
            sum += value(window) * window.RatePerSecond;
            weights += window.RatePerSecond;
        }
        return sum / weights;
    }

    /// <summary>Share of active hours, and the sigma of a log-normal with the CV of the active hours' rates once the day's factor is divided out.</summary>
    private static (double Activity, double Sigma) Wander(ServeGenClient[] clients, int windows, double[] day)
    {
        int hours = (windows + WindowsPerHour - 1) / WindowsPerHour;
        double activity = 0;
        double variance = 0;
        foreach (ServeGenClient client in clients)
        {
            var rates = new double[hours];
            foreach ((int window, ClientWindow rate) in client.Windows) rates[window / WindowsPerHour] += rate.RatePerSecond / WindowsPerHour / day[window / WindowsPerHour % HoursPerDay];
            double[] active = [.. rates.Where(r => r > 0)];
            double mean = active.Average();
            activity += (double)active.Length / hours / clients.Length;
            variance += Math.Log(1 + (active.Sum(r => (r - mean) * (r - mean)) / active.Length / (mean * mean))) / clients.Length;
        }
        return (activity, Math.Sqrt(variance));
    }

    /// <summary>Quantiles of the mixture over clients (by rate) and their windows (equally).</summary>
    private static Node Pool(ServeGenClient[] clients, Func<ILengthModel, QuantileCurve> curve)
    {
        const int points = 100;
        var weighted = new List<(double Value, double Weight)>();
        foreach (ServeGenClient client in clients)
        {
            double weight = client.MeanRatePerSecond / client.LengthModels.Count;
            foreach (ILengthModel model in client.LengthModels)
            {
                for (int i = 0; i < points; i++) weighted.Add((curve(model).At((i + 0.5) / points), weight));
            }
        }
        weighted.Sort((a, b) => a.Value.CompareTo(b.Value));
        double total = weighted.Sum(w => w.Weight);
        double[] values = new double[LengthFit.Levels.Length];
        double below = 0;
        int at = 0;
        for (int level = 0; level < values.Length; level++)
        {
            while (at < weighted.Count - 1 && below + weighted[at].Weight < LengthFit.Levels[level] * total) below += weighted[at++].Weight;
            values[level] = weighted[at].Value;
        }
        return FitReport.Map(FitReport.Entry("quantiles", FitReport.Map(FitReport.List("levels", LengthFit.Levels), FitReport.List("values", values))));
    }
}
