using Orrery.Kernel.Units;

namespace Orrery.World.Hardware;

/// <summary>Number formats that a device may compute in and a tensor may be stored in.</summary>
public enum Precision
{
    Fp32,
    Bf16,
    Fp16,
    Fp8,
    Int8,
    Int4,
    Fp4,
}

/// <summary>One accelerator as its data sheet tells it. Peaks are dense; bandwidths decimal, one direction.</summary>
/// <param name="Name">Catalogue name, for example <c>h100-sxm</c>.</param>
/// <param name="PeakRates">Dense peak by precision.</param>
/// <param name="Memory">Device memory.</param>
/// <param name="MemoryBandwidth">Peak of device memory.</param>
/// <param name="LinkBandwidth">To the other devices of a machine, per device, one direction.</param>
/// <param name="HostBandwidth">To the host (PCIe or C2C), one direction.</param>
/// <param name="ThermalDesignPower">Board power limit.</param>
/// <param name="IdlePower">With a context resident and nothing running.</param>
/// <param name="HourlyPrice">On-demand price per device-hour.</param>
/// <param name="EmbodiedCarbon">Manufacturing footprint of the unit.</param>
/// <param name="Source">Where the row comes from, with the card's mark.</param>
public sealed record DeviceSpec(
    string Name,
    IReadOnlyDictionary<Precision, FlopsPerSecond> PeakRates,
    Bytes Memory,
    BytesPerSecond MemoryBandwidth,
    BytesPerSecond LinkBandwidth,
    BytesPerSecond HostBandwidth,
    Watts ThermalDesignPower,
    Watts IdlePower,
    Money HourlyPrice,
    GramsCarbon EmbodiedCarbon,
    string Source);
