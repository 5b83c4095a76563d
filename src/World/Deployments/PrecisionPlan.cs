using Orrery.Documents;
using Orrery.Kernel;
using Orrery.World.Hardware;

namespace Orrery.World.Deployments;

/// <summary>Number formats of a deployment.</summary>
/// <param name="Weights">Stored linear weights. Embeddings, the vocabulary projection, routers and norms stay in 16 bit, as engines keep them.</param>
/// <param name="Kv">Stored keys and values.</param>
/// <param name="Activations">Format the matrix units compute in; 8-bit weights need not mean 8-bit compute.</param>
public sealed record PrecisionPlan(
    Precision Weights = Precision.Bf16,
    Precision Kv = Precision.Bf16,
    Precision Activations = Precision.Bf16)
{
    /// <summary>Weights per 16-bit scale in 8-bit and 4-bit integer formats (usual group of AWQ, GPTQ and block FP8).</summary>
    public const int ScaleGroup = 128;

    /// <summary>Weights per scale in 4-bit floating point (micro-scaling formats).</summary>
    public const int MicroScaleGroup = 32;

    /// <summary>Bytes of one scale.</summary>
    public const double ScaleBytes = 2;

    /// <summary>Stored weights of routed experts where they differ from the rest: published 4-bit mixtures keep attention in 16 bit (c). Null: as <see cref="Weights"/>.</summary>
    public Precision? ExpertWeights { get; init; }

    /// <summary>Format in which routed experts are computed where it differs. Null: as <see cref="Activations"/>.</summary>
    public Precision? ExpertActivations { get; init; }

    /// <summary>16 bit throughout.</summary>
    public static PrecisionPlan SixteenBit { get; } = new();

    /// <summary>Bytes per stored linear weight, scales included (2/g more for grouped formats).</summary>
    public double BytesPerWeight => Stored(Weights);

    /// <summary>Bytes per stored weight of a routed expert, scales included.</summary>
    public double BytesPerExpertWeight => Stored(ExpertWeights ?? Weights);

    /// <summary>Bytes per element of the KV cache.</summary>
    public double BytesPerKvElement => BytesPerElement(Kv);

    /// <summary>Bytes per activation element in memory and on links: 16 bit, or 32 for an Fp32 model. Formats of 8 bits and less are quantised inside the kernel.</summary>
    public double BytesPerActivation => Activations == Precision.Fp32 ? 4 : 2;

    private static double Stored(Precision precision) => BytesPerElement(precision) + precision switch
    {
        Precision.Fp8 or Precision.Int8 or Precision.Int4 => ScaleBytes / ScaleGroup,
        Precision.Fp4 => ScaleBytes / MicroScaleGroup,
        _ => 0,
    };

    /// <summary>Bytes of one number.</summary>
    public static double BytesPerElement(Precision precision) => PrecisionSize.Bytes(precision);

    /// <summary>
    /// Reads <c>{weights, kv, activations}</c>, each optional. The compute format defaults to FP8 for FP8 weights on devices that have FP8
    /// units, as engines do, else to 16 bit; the cache defaults to 16 bit.
    /// </summary>
    /// <exception cref="InputException">An unknown key or format.</exception>
    public static PrecisionPlan Read(Node node, DeviceSpec device)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(device);
        MapReader map = node.AsMap();
        Precision weights = map.Choice("weights", Precision.Bf16);
        Precision compute = weights switch
        {
            Precision.Fp8 when device.PeakRates.ContainsKey(Precision.Fp8) => Precision.Fp8,
            Precision.Fp32 => Precision.Fp32,
            _ => Precision.Bf16,
        };
        PrecisionPlan plan = new(weights, map.Choice("kv", Precision.Bf16), map.Choice("activations", compute));
        map.Done();
        return plan;
    }

    /// <summary>Checks that the device has units for the compute format.</summary>
    /// <exception cref="InputException">It has none.</exception>
    public void Validate(DeviceSpec device)
    {
        ArgumentNullException.ThrowIfNull(device);
        Precision? missing = device.PeakRate(Activations) is null ? Activations
            : ExpertActivations is { } experts && device.PeakRate(experts) is null ? experts : null;
        if (missing is null) return;
        string known = string.Join(", ", device.PeakRates.Keys.Select(p => p.ToString().ToLowerInvariant()));
        throw new InputException($"activations: {device.Name} has no matrix units for {missing.ToString()!.ToLowerInvariant()}; it computes in {known}");
    }
}
