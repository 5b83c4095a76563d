namespace Orrery.World.Power;

/// <summary>What turns energy and device-hours into facility energy, carbon and water.</summary>
public sealed record FootprintOptions
{
    /// <summary>Mean hours of a year, leap years included.</summary>
    public const double HoursPerYear = 8766;

    /// <summary>Facility energy over IT energy: mean of the industry 1.56-1.58 (Uptime Institute survey 2023-24, c).</summary>
    public double PowerUsageEffectiveness { get; init; } = 1.57;

    /// <summary>Share of server energy that is not the accelerators: hosts, fans, adapters; 20-40 %, the middle (reference table of power).</summary>
    public double HostShare { get; init; } = 0.3;

    /// <summary>On-site water in litres per kWh of IT energy: US average 1.8 (2016, c).</summary>
    public double LitresPerKilowattHour { get; init; } = 1.8;

    /// <summary>Grams of CO2-equivalent per kWh; default the world average of 2019 (b).</summary>
    public double GramsPerKilowattHour { get; init; } = 475;

    /// <summary>Years over which manufacturing is spread; 3 and 6 are the usual range (reference table of embodied carbon, c).</summary>
    public double LifetimeYears { get; init; } = 4;

    /// <summary>Manufacturing of a device's share of its server: 2,500 kg over 8 devices (BLOOM footprint study 2022, c).</summary>
    public double ServerGramsPerDevice { get; init; } = 2_500_000.0 / 8;
}
