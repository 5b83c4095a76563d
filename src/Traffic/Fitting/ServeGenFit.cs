using System.Globalization;
using Orrery.Documents;
using Orrery.Traffic.Generators.Arrivals;
using Orrery.Traffic.Generators.Lengths;
using Orrery.Traffic.Generators.Sources;

namespace Orrery.Traffic.Fitting;

/// <summary>
/// A service of many clients in short: the heaviest clients one by one, the rest in groups of alike rate; each with its share,
/// rate-weighted CV and family, activity, log-normal spread of its hourly rate,
/// and pooled length quantiles; and hourly factors over the whole time that all share.
/// </summary>
internal static class ServeGenFit
{
    private const int SingleClients = 20;

    private const int Groups = 5;

    private const int WindowsPerHour = 6;

    /// <summary>Windows with one request have no CV; below this they would weigh on a geometric mean without bound.</summary>
    private const double SmallestCv = 0.1;

    internal static Node Traffic(ServeGenStatistics statistics)
    {
        double total = statistics.Clients.Sum(c => c.MeanRatePerSecond);
        ServeGenClient[] byRate = [.. statistics.Clients.OrderByDescending(c => c.MeanRatePerSecond)];
        double[] hourly = Hourly(statistics);
        var members = new List<Node>();
        foreach (ServeGenClient client in byRate.Take(SingleClients)) members.Add(
            Member(client.Name, [client], total, statistics.Windows, hourly));
        ServeGenClient[] rest = [.. byRate.Skip(SingleClients)];
        for (int group = 0; group < Groups; group++)
        {
            ServeGenClient[] alike = rest[(group * rest.Length / Groups)..((group + 1) * rest.Length / Groups)];
            if (alike.Length > 0) members.Add(Member($"group-{group + 1}", alike, total, statistics.Windows, hourly));
        }
        return FitReport.Map(
            FitReport.Word("generator", "many-clients"),
            FitReport.Word("rate", string.Create(CultureInfo.InvariantCulture, $"{FitReport.Rounded(total)}/s")),
            FitReport.Word("duration", "10min"),
            FitReport.Word("window", "1h"),
            FitReport.List("factors", hourly),
            FitReport.Entry("members", Node.List(members)));
    }

    /// <summary>
    /// Relative rate of all clients together, hour by hour over the whole time: days differ more than hours, and the recording has
    /// silent hours.
    /// </summary>
    private static double[] Hourly(ServeGenStatistics statistics)
    {
        var hours = new double[Hours(statistics.Windows)];
        foreach (ServeGenClient client in statistics.Clients)
        {
            foreach ((int window, ClientWindow rate) in client.Windows) hours[window / WindowsPerHour] += rate.RatePerSecond;
        }
        double mean = hours.Average();
        return [.. hours.Select(h => h / mean)];
    }

    private static int Hours(int windows) => (windows + WindowsPerHour - 1) / WindowsPerHour;

    private static Node Member(string name, ServeGenClient[] clients, double total, int windows, double[] hourly)
    {
        double rate = clients.Sum(c => c.MeanRatePerSecond);
        // The geometric mean: a few windows of extreme CV would otherwise make every window a burst.
        double cv = Math.Exp(Weighted(clients, w => Math.Log(Math.Max(w.Cv, SmallestCv))));
        double gamma = Weighted(clients, w => w.Family == GapFamily.Gamma ? 1 : 0);
        (double activity, double sigma) = Wander(clients, windows, hourly);
        return FitReport.Map(
            FitReport.Word("name", name),
            FitReport.Number("count", clients.Length),
            FitReport.Number("share", rate / total),
            FitReport.Entry("gaps", FitReport.Map(FitReport.Word("family", gamma >= 0.5 ? "gamma" : "weibull"),
                FitReport.Number("cv", cv))),
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

    /// <summary>
    /// Share of active hours among those in which anybody is, and the sigma of a log-normal with the CV of the active hours' rates once
    /// the common factor is divided out.
    /// </summary>
    private static (double Activity, double Sigma) Wander(ServeGenClient[] clients, int windows, double[] hourly)
    {
        int hours = Hours(windows);
        int alive = hourly.Count(h => h > 0);
        double activity = 0;
        double variance = 0;
        foreach (ServeGenClient client in clients)
        {
            var rates = new double[hours];
            foreach ((int window, ClientWindow rate) in client.Windows) rates[window / WindowsPerHour] += rate.RatePerSecond / WindowsPerHour / hourly[window / WindowsPerHour];
            double[] active = [.. rates.Where(r => r > 0)];
            double mean = active.Average();
            activity += (double)active.Length / alive / clients.Length;
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
        return FitReport.Map(FitReport.Entry("quantiles",
            FitReport.Map(FitReport.List("levels", LengthFit.Levels), FitReport.List("values", values))));
    }
}
