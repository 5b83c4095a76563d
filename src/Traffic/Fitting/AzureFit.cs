using System.Globalization;
using Orrery.Documents;
using Orrery.Traffic.Generators.Arrivals;
using Orrery.Traffic.Readers;

namespace Orrery.Traffic.Fitting;

/// <summary>
/// A trace of arrivals and lengths: a relative rate per window of about a minute, and between them gamma or Weibull gaps whose CV is
/// that of the data's gaps in operational time
/// (each window stretched to unit rate, which removes the profile). The family is the one whose dispersion over 10 s comes nearer to
/// the data's.
/// </summary>
internal static class AzureFit
{
    private const double WindowSeconds = 60;

    private const int LengthBins = 10;

    internal static Node Traffic(FitSample data, GapFamily family)
    {
        double span = data.ArrivalSeconds[^1];
        int windows = (int)Math.Round(span / WindowSeconds);
        double width = span / windows;
        double[] profile = data.Profile(width, windows);
        double cv = OperationalCv(data, profile, width);
        return FitReport.Map(
            FitReport.Word("generator", "profile"),
            FitReport.Word("rate", string.Create(CultureInfo.InvariantCulture, $"{FitReport.Rounded(data.Count / span)}/s")),
            FitReport.Word("duration", string.Create(CultureInfo.InvariantCulture, $"{Math.Round(span, 3)}s")),
            FitReport.Word("window", string.Create(CultureInfo.InvariantCulture, $"{Math.Round(width, 6)}s")),
            FitReport.List("factors", profile.Select(p => p * windows)),
            FitReport.Entry("gaps", FitReport.Map(FitReport.Word("family", family == GapFamily.Gamma ? "gamma" : "weibull"),
                FitReport.Number("cv", cv))),
            FitReport.Entry("lengths", LengthFit.Joint(data.Prompts, data.Outputs, LengthBins)));
    }

    internal static FitSample Load(string dataDir, string file)
    {
        using TraceSource trace = TraceSource.Open(Path.Combine(dataDir, "traces-azure-llm-2023", file));
        return FitSample.Of(trace);
    }

    private static double OperationalCv(FitSample data, double[] profile, double width)
    {
        var before = new double[profile.Length + 1];
        for (int i = 0; i < profile.Length; i++) before[i + 1] = before[i] + (profile[i] * data.Count);
        double last = 0;
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < data.Count; i++)
        {
            int window = Math.Min((int)(data.ArrivalSeconds[i] / width), profile.Length - 1);
            double at = before[window] + (profile[window] * data.Count * ((data.ArrivalSeconds[i] / width) - window));
            if (i > 0)
            {
                sum += at - last;
                squares += (at - last) * (at - last);
            }
            last = at;
        }
        int gaps = data.Count - 1;
        double mean = sum / gaps;
        return Math.Sqrt((squares / gaps) - (mean * mean)) / mean;
    }
}
