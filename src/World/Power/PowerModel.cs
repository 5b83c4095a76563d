using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.World.Deployments;
using Orrery.World.Hardware;

namespace Orrery.World.Power;

/// <summary>
/// Power of one device of a replica: idle, and above it what kernels, memory, matrix units and collectives make of the range to the limit
/// (<see cref="PowerShares"/>), never more than the limit. Linear up to the limit, hence the energy of any part of a run follows exactly
/// from totals; nothing is sampled. The limit is applied to each phase (steps with prompts in them, steps of decodes alone) at its mean.
/// </summary>
/// <remarks>Form: two-resource model of the reference table of power (decode draws on bytes, prefill on FLOP), with what runs and what waits beside it.</remarks>
public sealed class PowerModel
{
    private readonly Watts _range;
    private readonly double _dynamicShare;
    private readonly double _peakFlops;
    private readonly double _peakBytes;
    private readonly NetworkLoad _network;

    private PowerModel(DeviceSpec device, PowerShares shares, Precision computeFormat, NetworkLoad network)
    {
        Idle = device.IdlePower;
        Limit = device.PowerLimit;
        Shares = shares;
        _range = device.ThermalDesignPower - device.IdlePower;
        double voltage = FrequencyCurve.Voltage(device.ClockShare);
        _dynamicShare = voltage * voltage;
        FlopsPerSecond peak = device.PeakRate(computeFormat) ?? throw new ArgumentException($"{device.Name} does not compute in {computeFormat}", nameof(computeFormat));
        _peakFlops = peak.Value / device.ClockShare;
        _peakBytes = device.MemoryBandwidth.Value;
        _network = network;
    }

    /// <summary>With a context resident and nothing running.</summary>
    public Watts Idle { get; }

    /// <summary>The device's limit, or the cap set on it.</summary>
    public Watts Limit { get; }

    public PowerShares Shares { get; }

    /// <summary>The model of one device that computes in a format, without collectives.</summary>
    /// <exception cref="ArgumentException">The device has no units for it (a checked <see cref="Deployment"/> always has).</exception>
    public static PowerModel Of(DeviceSpec device, PowerShares shares, Precision computeFormat)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(shares);
        return new(device, shares, computeFormat, default);
    }

    /// <summary>The model of a deployment's devices.</summary>
    public static PowerModel Of(Deployment deployment, PowerShares shares)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        ArgumentNullException.ThrowIfNull(shares);
        return new(deployment.Device, shares, deployment.Precision.Activations, NetworkLoad.Of(deployment));
    }

    /// <summary>Momentary power of one device.</summary>
    /// <param name="busyShare">Share of the time in which kernels run.</param>
    /// <param name="flopsPerSecond">Rate of work.</param>
    /// <param name="bytesPerSecond">Rate of memory traffic.</param>
    /// <param name="networkShare">Share of the time in collectives.</param>
    public Watts At(double busyShare, double flopsPerSecond, double bytesPerSecond, double networkShare)
    {
        double share = Shares.At(busyShare, bytesPerSecond / _peakBytes, _dynamicShare * flopsPerSecond / _peakFlops, networkShare);
        Watts power = Idle + (_range * share);
        return power < Limit ? power : Limit;
    }

    /// <summary>Mean power of one device of a group while a phase runs.</summary>
    /// <param name="work">Of the whole group.</param>
    /// <param name="devices">Devices of the group.</param>
    public Watts Mean(PhaseWork work, int devices)
    {
        double seconds = work.Busy.Seconds;
        if (seconds <= 0) return Idle;
        double deviceSeconds = seconds * devices;
        return At(1, (double)work.Flops / deviceSeconds, (double)work.MemoryBytes / deviceSeconds, _network.Seconds(work.Steps, work.Tokens) / seconds);
    }

    /// <summary>Energy of a group of devices that step together.</summary>
    /// <param name="devices">How many; powered for the whole time.</param>
    /// <param name="elapsed">How long.</param>
    /// <param name="prefill">Steps with prompts in them, decodes that share them included.</param>
    /// <param name="decode">Steps of decodes alone.</param>
    public DeviceEnergy Energy(int devices, Duration elapsed, PhaseWork prefill, PhaseWork decode)
    {
        Duration waiting = Duration.Max(Duration.Zero, elapsed - prefill.Busy - decode.Busy);
        return new(Idle * waiting * devices, Mean(prefill, devices) * prefill.Busy * devices, Mean(decode, devices) * decode.Busy * devices);
    }
}

/// <summary>What a group of devices did in one phase of a run.</summary>
/// <param name="Busy">Time with such a step in flight.</param>
/// <param name="Flops">Work of all devices together.</param>
/// <param name="MemoryBytes">Device-memory traffic of all devices together.</param>
/// <param name="Steps">Steps.</param>
/// <param name="Tokens">Tokens through the model.</param>
public readonly record struct PhaseWork(Duration Busy, Int128 Flops, Int128 MemoryBytes, long Steps, long Tokens);
