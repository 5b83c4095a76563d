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
public sealed partial record DeviceSpec(
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
    string Source)
{
    private readonly Bytes? _usableMemory;

    /// <summary>What a program can allocate: <see cref="Memory"/> less error correction and driver reserve; all of it unless stated.</summary>
    public Bytes UsableMemory
    {
        get => _usableMemory ?? Memory;
        init => _usableMemory = value;
    }

    /// <summary>Last-level cache where a device does not say: the middle of the catalogue (d).</summary>
    private const long UsualCacheBytes = 48L << 20;

    /// <summary>Last-level cache that all processors share; the catalogue's are vendor white papers, remembered (c).</summary>
    public Bytes Cache { get; init; } = new(UsualCacheBytes);

    /// <summary>Name of the link that <see cref="LinkBandwidth"/> belongs to, for example <c>NVLink4</c>.</summary>
    public string LinkName { get; init; } = "";

    /// <summary>Every known price with its date and seller; <see cref="HourlyPrice"/> is the latest.</summary>
    public IReadOnlyList<DatedPrice> Prices { get; init; } = [];

    /// <summary>Silicon area of all dies of the unit in mm²; 0 when unknown.</summary>
    public double DieAreaSquareMillimetres { get; init; }

    /// <summary>Streaming multiprocessors, compute units or matrix cores that share the work of a kernel; 0 when unknown.</summary>
    public int Multiprocessors { get; init; }

    /// <summary>Manufacturing node, for example <c>7nm</c>; empty when unknown.</summary>
    public string ProcessNode { get; init; } = "";

    /// <summary>Where the idle power comes from.</summary>
    public string PowerSource { get; init; } = "";

    /// <summary>Where the embodied carbon comes from.</summary>
    public string EmbodiedSource { get; init; } = "";

    /// <summary>Other accepted names; compared without case.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>
    /// Dense peak for a compute format, or null when the device has no units for it. Bf16 and Fp16 stand for each other: data sheets
    /// state one rate for both, and devices older than Bf16 run such models in Fp16.
    /// </summary>
    public FlopsPerSecond? PeakRate(Precision precision)
    {
        if (PeakRates.TryGetValue(precision, out FlopsPerSecond rate)) return rate;
        Precision? twin = precision switch
        {
            Precision.Bf16 => Precision.Fp16,
            Precision.Fp16 => Precision.Bf16,
            _ => null,
        };
        return twin is { } other && PeakRates.TryGetValue(other, out rate) ? rate : null;
    }

    /// <summary>
    /// Is the device a variant of the same chip? Devices of the same multiprocessors and 16-bit peak are one chip, whatever memory and links
    /// they have (d).
    /// </summary>
    public bool SameChip(DeviceSpec other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Name == other.Name
            || (Multiprocessors > 0 && Multiprocessors == other.Multiprocessors && PeakRate(Precision.Bf16) == other.PeakRate(Precision.Bf16));
    }
}

/// <summary>What renting one device for an hour cost on demand.</summary>
/// <param name="PerHour">Price per device-hour.</param>
/// <param name="Year">Year, or span of years, in which it held.</param>
/// <param name="Source">Seller and offer, with the mark of its source.</param>
public sealed record DatedPrice(Money PerHour, string Year, string Source);
