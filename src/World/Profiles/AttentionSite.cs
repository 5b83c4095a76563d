using Orrery.World.Hardware;

namespace Orrery.World.Profiles;

/// <summary>Where attention of one layer runs: what the device can do and the heads that it holds.</summary>
/// <param name="PeakFlops">Dense FLOP/s of the format that the products are computed in.</param>
/// <param name="Bandwidth">Bytes/s of device memory.</param>
/// <param name="Processors">Multiprocessors, each of which works on one block of a kernel at a time.</param>
/// <param name="CacheBytes">Last-level cache that all processors share.</param>
/// <param name="Heads">Query heads on the device.</param>
/// <param name="KvHeads">KV heads on the device.</param>
/// <param name="HeadWidth">Width of a head.</param>
/// <param name="KvBytes">Bytes of an element of the KV cache.</param>
/// <remarks>
/// Latent attention has no tables of its own (d): a prompt is attention of expanded heads; decode in absorbed form, one KV head of the latent
/// width shared by all query heads, has half the bytes, as keys and values are the same cache, and a law of its own instead of a surface.
/// </remarks>
public readonly record struct AttentionSite(
    double PeakFlops, double Bandwidth, int Processors, double CacheBytes, int Heads, int KvHeads, int HeadWidth, double KvBytes = 2)
{
    /// <summary>Processors where a device does not say: the middle of the catalogue (d).</summary>
    private const int UsualProcessors = 128;

    /// <summary>Bytes of a query or output element: attention computes on 16-bit activations.</summary>
    public const double ActivationBytes = 2;

    /// <summary>Query heads that share a KV head.</summary>
    public double Group => (double)Heads / KvHeads;

    /// <summary>TFLOP/s of one processor: tells generations of devices, and so of kernels, apart on a scale.</summary>
    public double ProcessorTeraflops => PeakFlops / Processors / 1e12;

    /// <summary>Bytes of keys and values of one token in one KV head.</summary>
    public double KvTokenBytes => 2 * HeadWidth * KvBytes;

    /// <summary>FLOP of one query-key pair in one head: scores and weighted values, a multiplication and an addition each.</summary>
    public double PairFlops => 4.0 * HeadWidth;

    /// <summary>The site on a catalogue device; attention computes in 16 bit.</summary>
    public static AttentionSite Of(DeviceSpec device, int heads, int kvHeads, int headWidth, double kvBytes = 2)
    {
        ArgumentNullException.ThrowIfNull(device);
        double peak = (device.PeakRate(Precision.Bf16) ?? device.PeakRates.Values.First()).Value;
        return new(peak, device.MemoryBandwidth.Value, ProcessorsOf(device), device.Cache.Count, heads, kvHeads, headWidth, kvBytes);
    }

    internal static int ProcessorsOf(DeviceSpec device) => device.Multiprocessors > 0 ? device.Multiprocessors : UsualProcessors;
}
