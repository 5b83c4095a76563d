using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.World.Hardware;

namespace Orrery.World.Power;

/// <summary>What a run cost beside time.</summary>
/// <param name="DeviceEnergy">Accelerators alone.</param>
/// <param name="ItEnergy">Servers: accelerators, hosts, fans, adapters.</param>
/// <param name="FacilityEnergy">With cooling and power distribution (PUE).</param>
/// <param name="OperationalCarbon">Of the facility energy.</param>
/// <param name="EmbodiedCarbon">Share of manufacturing that falls on the time used.</param>
/// <param name="Water">On-site, evaporated for cooling.</param>
/// <param name="Money">On-demand rent of the devices.</param>
public sealed record RunFootprint(
    Joules DeviceEnergy,
    Joules ItEnergy,
    Joules FacilityEnergy,
    GramsCarbon OperationalCarbon,
    GramsCarbon EmbodiedCarbon,
    Litres Water,
    Money Money)
{
    public static RunFootprint Zero { get; } = new(default, default, default, default, default, default, default);

    /// <summary>Operational and embodied.</summary>
    public GramsCarbon Carbon => OperationalCarbon + EmbodiedCarbon;

    /// <param name="device">Type of the devices.</param>
    /// <param name="devices">How many were held.</param>
    /// <param name="elapsed">How long.</param>
    /// <param name="deviceEnergy">What they drew; see <see cref="PowerModel.Energy"/>.</param>
    /// <param name="options">Facility, grid and lifetime.</param>
    public static RunFootprint Of(DeviceSpec device, int devices, Duration elapsed, Joules deviceEnergy, FootprintOptions options)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(options);
        Joules it = deviceEnergy * (1 / (1 - options.HostShare));
        Joules facility = it * options.PowerUsageEffectiveness;
        double deviceHours = devices * elapsed.Seconds / Duration.FromHours(1).Seconds;
        double lifetimeHours = options.LifetimeYears * FootprintOptions.HoursPerYear;
        return new(
            deviceEnergy,
            it,
            facility,
            new(facility.KilowattHours * options.GramsPerKilowattHour),
            new((device.EmbodiedCarbon.Value + options.ServerGramsPerDevice) * deviceHours / lifetimeHours),
            new(it.KilowattHours * options.LitresPerKilowattHour),
            device.HourlyPrice * deviceHours);
    }

    public static RunFootprint operator +(RunFootprint a, RunFootprint b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        return new(
            a.DeviceEnergy + b.DeviceEnergy,
            a.ItEnergy + b.ItEnergy,
            a.FacilityEnergy + b.FacilityEnergy,
            a.OperationalCarbon + b.OperationalCarbon,
            a.EmbodiedCarbon + b.EmbodiedCarbon,
            a.Water + b.Water,
            a.Money + b.Money);
    }
}
