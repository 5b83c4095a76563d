using Orrery.World.Hardware;

namespace Orrery.World.Profiles;

/// <summary>Where the routed experts of one layer run.</summary>
/// <param name="Format">Format of the weights and of the products.</param>
/// <param name="PeakFlops">Dense FLOP/s of that format.</param>
/// <param name="Bandwidth">Bytes/s of device memory.</param>
/// <param name="Processors">Multiprocessors.</param>
/// <param name="WeightBytes">Bytes of a weight.</param>
/// <param name="Hidden">Model width.</param>
/// <param name="Width">Inner width of an expert, before any cut.</param>
/// <param name="TopK">Experts that a token visits.</param>
/// <param name="Count">Experts of the layer, before any cut.</param>
/// <param name="TensorRanks">Every expert is cut into this many slices.</param>
/// <param name="ExpertRanks">The experts are spread over this many devices.</param>
public readonly record struct ExpertSite(
    Precision Format,
    double PeakFlops,
    double Bandwidth,
    int Processors,
    double WeightBytes,
    int Hidden,
    int Width,
    int TopK,
    int Count,
    int TensorRanks = 1,
    int ExpertRanks = 1)
{
    /// <summary>Inner width on this device.</summary>
    public double LocalWidth => (double)Width / TensorRanks;

    /// <summary>TFLOP/s of one processor: tells generations of devices, and so of kernels, apart on a scale.</summary>
    public double ProcessorTeraflops => PeakFlops / Processors / 1e12;

    /// <summary>Experts of this device.</summary>
    public double LocalExperts => (double)Count / ExpertRanks;

    /// <summary>The site on a catalogue device. A format without units computes in 16 bit from weights of its own width.</summary>
    public static ExpertSite Of(
        DeviceSpec device, Precision format, double weightBytes, int hidden, int width, int topK, int count, int tensorRanks = 1, int expertRanks = 1)
    {
        ArgumentNullException.ThrowIfNull(device);
        double peak = (device.PeakRate(format) ?? device.PeakRate(Precision.Bf16) ?? device.PeakRates.Values.First()).Value;
        return new(format, peak, device.MemoryBandwidth.Value, AttentionSite.ProcessorsOf(device), weightBytes, hidden, width, topK, count, tensorRanks, expertRanks);
    }

    /// <summary>
    /// The experts of this device as they look when tokens are sent to the ranks of their experts: every row that arrives visits one of them, and
    /// no rows of other devices' visits exist. Where all ranks see all tokens, as in the published tables, every device also sorts and sums those.
    /// </summary>
    public ExpertSite AfterExchange() => this with { TopK = 1, Count = Math.Max(1, Count / ExpertRanks), ExpertRanks = 1 };

    /// <summary>Experts of this device that a step of independent, evenly spread choices touches: E(1 − (1 − k/E)^tokens) of all, cut over ranks.</summary>
    public double ExpectedTouched(double tokens) => LocalExperts * (1 - Math.Pow(1 - ((double)TopK / Count), tokens));
}
