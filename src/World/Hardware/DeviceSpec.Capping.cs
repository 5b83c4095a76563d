using Orrery.Kernel;
using Orrery.Kernel.Units;

namespace Orrery.World.Hardware;

/// <summary>A device whose board power is limited below what it is built for.</summary>
public sealed partial record DeviceSpec
{
    /// <summary>A limit so near to idle that nothing would run.</summary>
    private const double SmallestDynamicShare = 0.05;

    /// <summary>Limit set by whoever runs the device; null for none.</summary>
    public Watts? PowerCap { get; init; }

    /// <summary>Clock at full load under <see cref="PowerCap"/>, as a share of the full clock; the peak rates have it in them.</summary>
    public double ClockShare { get; init; } = 1;

    /// <summary>What the board never draws more than.</summary>
    public Watts PowerLimit => PowerCap ?? ThermalDesignPower;

    /// <summary>
    /// The device under a power cap: matrix rates fall with the largest clock at which full load stays within the cap
    /// (<see cref="FrequencyCurve"/>); memory and links keep theirs, so that what waits for memory loses no time.
    /// </summary>
    /// <remarks>The clock is that of full load (d): what computes without drawing the limit would in truth be slowed less.</remarks>
    /// <exception cref="InputException">The cap is above the device's limit or too near to its idle power.</exception>
    public DeviceSpec Capped(Watts cap)
    {
        if (cap > ThermalDesignPower) throw new InputException($"{Name} draws at most {ThermalDesignPower}; a cap of {cap} is none");
        double share = (cap - IdlePower) / (ThermalDesignPower - IdlePower);
        if (!(share >= SmallestDynamicShare))
            throw new InputException($"{Name} draws {IdlePower} when idle; a cap of {cap} leaves nothing to compute with, write at least {IdlePower + ((ThermalDesignPower - IdlePower) * SmallestDynamicShare)}");
        double clock = FrequencyCurve.ClockWithin(share);
        return this with
        {
            PeakRates = PeakRates.ToDictionary(rate => rate.Key, rate => new FlopsPerSecond(rate.Value.Value * clock)),
            PowerCap = cap,
            ClockShare = clock,
        };
    }
}
