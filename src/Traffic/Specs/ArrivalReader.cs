using Orrery.Documents;
using Orrery.Traffic.Generators.Arrivals;

namespace Orrery.Traffic.Specs;

/// <summary>Arrival processes as scenarios write them: <c>generator:</c> names the process, its parameters stand beside it.</summary>
internal static class ArrivalReader
{
    /// <summary>Fastest rate accepted, requests per second: above it gaps vanish in the nanosecond clock.</summary>
    private const double LargestRate = 1e8;

    private const double SmallestRate = 1e-6;

    internal static readonly string[] Processes = ["poisson", "constant", "gamma", "weibull", "mmpp", "on-off", "diurnal", "profile"];

    /// <summary>Shape of day when a scenario gives none: the highest hour has 1.5 times the mean.</summary>
    private const double DefaultPeak = 1.5;

    /// <summary>Hour of the peak when a scenario gives none.</summary>
    private const double DefaultPeakHour = 15;

    internal static double Rate(MapReader map) => map.Required("rate").AsQuantity(Quantity.Rate, SmallestRate, LargestRate);

    internal static double? OptionalRate(MapReader map) => map.Optional("rate")?.AsQuantity(Quantity.Rate, SmallestRate, LargestRate);

    internal static IArrivalProcess Read(string process, MapReader map)
    {
        double rate = Rate(map);
        switch (process)
        {
            case "poisson":
                return new RenewalArrivals(rate);
            case "constant":
                return new RenewalArrivals(rate, GapFamily.Constant, 0);
            case "gamma":
                return new RenewalArrivals(rate, GapFamily.Gamma, Cv(map));
            case "weibull":
                return new RenewalArrivals(rate, GapFamily.Weibull, Cv(map, UnitGaps.LargestWeibullCv));
            case "on-off":
                return MmppArrivals.OnOff(rate, Seconds(map.Required("on")), Seconds(map.Required("off")));
            case "mmpp":
                return Mmpp(rate, map);
            case "diurnal":
                return Diurnal(rate, map);
            default:
                return Profile(rate, map);
        }
    }

    internal static (GapFamily Family, double Cv) Gaps(MapReader map)
    {
        if (map.Map("gaps") is not { } gaps) return (GapFamily.Exponential, 1);
        GapFamily family = gaps.Choice<GapFamily>("family");
        double cv = family switch
        {
            GapFamily.Exponential => 1,
            GapFamily.Constant => 0,
            GapFamily.Weibull => Cv(gaps, UnitGaps.LargestWeibullCv),
            _ => Cv(gaps)
        };
        gaps.Done();
        return (family, cv);
    }

    private static double Cv(MapReader map, double largest = UnitGaps.LargestCv) => map.Required("cv").AsNumber(0, largest);

    private static double Seconds(Node node)
    {
        double seconds = node.AsQuantity(Quantity.Duration);
        return seconds > 0 ? seconds : throw node.Error("must be longer than 0s");
    }

    private static MmppArrivals Mmpp(double rate, MapReader map)
    {
        Node states = map.Required("states");
        var read = new List<ModulatedState>();
        foreach (Node node in states.AsList())
        {
            MapReader state = node.AsMap();
            read.Add(new ModulatedState(state.Required("factor").AsNumber(0, 1e9), Seconds(state.Required("stay"))));
            state.Done();
        }
        if (read.Count < 2) throw states.Error("needs at least two states, for example [{factor: 1, stay: 60s}, {factor: 5, stay: 10s}]");
        return read.Any(s => s.Factor > 0) ? new MmppArrivals(rate, read) : throw states.Error("one state must have a positive factor");
    }

    private static DiurnalArrivals Diurnal(double rate, MapReader map)
    {
        double start = map.Number("startHour", 0, 0, DiurnalArrivals.HoursPerDay);
        if (map.Optional("hours") is not { } hours)
        {
            return DiurnalArrivals.Sine(rate, map.Number("peak", DefaultPeak, 1, 2),
                map.Number("peakHour", DefaultPeakHour, 0, DiurnalArrivals.HoursPerDay), start);
        }
        double[] factors = [.. hours.AsList().Select(v => v.AsNumber(0, 1e9))];
        if (factors.Length != DiurnalArrivals.HoursPerDay) throw hours.Error($"needs 24 factors, one per hour; {factors.Length} are given");
        return factors.Sum() > 0 ? new DiurnalArrivals(rate, factors, start) : throw hours.Error("one factor must be positive");
    }

    private static ProfileArrivals Profile(double rate, MapReader map)
    {
        Node node = map.Required("factors");
        double[] factors = [.. node.AsList().Select(v => v.AsNumber(0, 1e9))];
        if (!(factors.Sum() > 0)) throw node.Error("one factor must be positive");
        (GapFamily family, double cv) = Gaps(map);
        return new ProfileArrivals(rate, Seconds(map.Required("window")), factors, family, cv);
    }
}
