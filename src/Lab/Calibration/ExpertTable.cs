using System.Globalization;
using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Calibration;

/// <summary>Measured experts of one device and one software; of several kernels for a shape the fastest counts.</summary>
public sealed class ExpertTable
{
    private const string PowerLaw = "power_law_";

    public ExpertTable(DeviceSpec device, IEnumerable<ExpertSample> samples)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(samples);
        Device = device;
        Samples = [.. samples
            .Where(s => s.Seconds > 0 && device.PeakRate(s.Format) is not null)
            .GroupBy(s => s with { Seconds = 0 })
            .Select(shape => shape.Key with { Seconds = shape.Min(s => s.Seconds) })];
    }

    public DeviceSpec Device { get; }

    public IReadOnlyList<ExpertSample> Samples { get; }

    public ExpertSite Site(ExpertSample s) =>
        ExpertSite.Of(Device, s.Format, PrecisionSize.Bytes(s.Format), s.Hidden, s.Width, s.TopK, s.Count, s.TensorRanks, s.ExpertRanks);

    public double Touched(ExpertSample s) => s.TouchedExperts ?? Site(s).ExpectedTouched(s.Tokens);

    /// <summary>Exponent of a power law over the popularity of experts; every other distribution in use is even.</summary>
    public static double RoutingExponent(ExpertSample s) =>
        s.Routing.StartsWith(PowerLaw, StringComparison.Ordinal)
        && double.TryParse(s.Routing.AsSpan(PowerLaw.Length), CultureInfo.InvariantCulture, out double exponent) ? exponent : 0;

    /// <summary>Seconds that a family predicts for a sample.</summary>
    public double Predict(ExpertEfficiency experts, ExpertSample s)
    {
        ArgumentNullException.ThrowIfNull(experts);
        return s.TouchedExperts is { } touched
            ? experts.Seconds(Site(s), s.Tokens, touched, RoutingExponent(s))
            : experts.Seconds(Site(s), s.Tokens, RoutingExponent(s));
    }

    /// <summary>Only samples for which the predicate holds.</summary>
    public ExpertTable Where(Func<ExpertSample, bool> keeps) => new(Device, Samples.Where(keeps));
}
