using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.World.Deployments;
using Orrery.World.Hardware;

namespace Orrery.World.Power;

/// <summary>
/// Power of one device: P = idle + active·busy + a·(FLOP rate / peak) + b·(byte rate / bandwidth), with idle + active + a + b = the board's
/// limit, so that nothing ever clips. Linear, hence the energy of any run follows exactly from four totals: elapsed time, busy time, FLOP
/// and bytes; nothing is sampled.
/// </summary>
/// <remarks>
/// Form: two-resource model of the reference table of power (decode draws on bytes, prefill on FLOP) plus the constant that clocks and
/// caches cost while anything runs. The three shares are ours (d): chosen once, for all devices, so that decode at batch 8 on H100 and
/// B200 comes near the measured draw (about 0.55 of the range above idle). At the measured rates of work the mean error over the
/// 236 rows of ML.ENERGY benchmark v3 in 16 bit (H100, B200) is 17 %; the median ratio to the measured draw is 0.88, above batch 64 0.79.
/// </remarks>
public sealed record PowerModel(Watts Idle, Watts Active, double JoulesPerFlop, double JoulesPerByte)
{
    /// <summary>Share of (limit − idle) drawn while a step runs, whatever it does (d).</summary>
    public const double ActiveShare = 0.5;

    /// <summary>Share of (limit − idle) drawn at full memory bandwidth (d).</summary>
    public const double ByteShare = 0.2;

    /// <summary>Share of (limit − idle) drawn at full matrix rate (d).</summary>
    public const double FlopShare = 1 - ActiveShare - ByteShare;

    /// <summary>The model of a device that computes in a format.</summary>
    /// <exception cref="ArgumentException">The device has no units for it (a checked <see cref="Deployment"/> always has).</exception>
    public static PowerModel Of(DeviceSpec device, Precision computeFormat)
    {
        ArgumentNullException.ThrowIfNull(device);
        FlopsPerSecond peak = device.PeakRate(computeFormat) ?? throw new ArgumentException($"{device.Name} does not compute in {computeFormat}", nameof(computeFormat));
        Watts range = device.ThermalDesignPower - device.IdlePower;
        return new(
            device.IdlePower,
            range * ActiveShare,
            range.Value * FlopShare / peak.Value,
            range.Value * ByteShare / device.MemoryBandwidth.Value);
    }

    /// <summary>The model of a deployment's devices.</summary>
    public static PowerModel Of(Deployment deployment)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        return Of(deployment.Device, deployment.Precision.Activations);
    }

    /// <summary>Energy of a group of equal devices.</summary>
    /// <param name="devices">Devices that were powered for the whole time.</param>
    /// <param name="elapsed">How long.</param>
    /// <param name="busy">Time with a step in flight, summed over the groups that step together (at most elapsed per group).</param>
    /// <param name="devicesPerGroup">Devices that are busy together: those of a replica.</param>
    /// <param name="flops">Work of all devices together.</param>
    /// <param name="memoryBytes">Device-memory traffic of all devices together.</param>
    public DeviceEnergy Energy(int devices, Duration elapsed, Duration busy, int devicesPerGroup, Int128 flops, Int128 memoryBytes) => new(
        Idle * elapsed * devices,
        (Active * busy * devicesPerGroup) + new Joules(JoulesPerFlop * (double)flops) + new Joules(JoulesPerByte * (double)memoryBytes));

    /// <summary>Momentary power of one busy device.</summary>
    /// <param name="flopsPerSecond">Rate of work.</param>
    /// <param name="bytesPerSecond">Rate of memory traffic.</param>
    public Watts Busy(double flopsPerSecond, double bytesPerSecond) =>
        Idle + Active + new Watts((JoulesPerFlop * flopsPerSecond) + (JoulesPerByte * bytesPerSecond));
}

/// <summary>Energy of devices, split into what they draw for being on and what work adds.</summary>
public readonly record struct DeviceEnergy(Joules Idle, Joules Work)
{
    public Joules Total => Idle + Work;

    public static DeviceEnergy operator +(DeviceEnergy a, DeviceEnergy b) => new(a.Idle + b.Idle, a.Work + b.Work);
}
