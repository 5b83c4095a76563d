using System.Globalization;
using Orrery.World.Hardware;
using Orrery.World.Measurements;

namespace Orrery.Lab.Import;

/// <summary>
/// Times that a device cannot have: shorter than FLOP over its dense peak, or, where the data are too large for any cache, than bytes over
/// its bandwidth. Such rows point to a mistake in the source (a kernel that was not waited for, sparse peaks, a unit) or in our data sheet.
/// </summary>
public static class DataSheetCheck
{
    /// <summary>Boost clocks and rounded data sheets explain this much (d).</summary>
    private const double Tolerance = 1.3;

    /// <summary>Repeated calls find smaller operands in a last-level cache; the largest of the catalogue's has 256 MiB (d).</summary>
    private const double CacheBytes = 256 << 20;

    private const double ElementBytes = 2;

    /// <summary>Whether a device can be so fast: false for rows that should teach nothing.</summary>
    public static bool Allows(DeviceSpec device, MatrixSample sample) =>
        Possible(sample.Seconds, Ideal(device, sample.Format, 2.0 * sample.Rows * sample.Outputs * sample.Inputs, MatrixBytes(sample)));

    /// <summary>Whether a device can be so fast: false for rows that should teach nothing.</summary>
    public static bool Allows(DeviceSpec device, VectorSample sample) => Possible(sample.Seconds, Ideal(device, Precision.Bf16, 0, sample.Rows * sample.BytesPerRow));

    /// <summary>Whether a device can be so fast: false for rows that should teach nothing.</summary>
    public static bool Allows(DeviceSpec device, AttentionSample sample) =>
        Possible(sample.Seconds, Ideal(device, Precision.Bf16, AttentionFlops(sample), AttentionBytes(sample)));

    /// <summary>Whether a device can be so fast: false for rows that should teach nothing.</summary>
    public static bool Allows(DeviceSpec device, ExpertSample sample) => Possible(sample.Seconds, Ideal(device, sample.Format, ExpertFlops(sample), ExpertBytes(sample)));

    internal static IEnumerable<string> Warnings(MeasurementSet set, DeviceSpec device)
    {
        string?[] found =
        [
            Sentence(set, device, "matrix", set.Matrices, s => (s.Seconds, Ideal(device, s.Format, 2.0 * s.Rows * s.Outputs * s.Inputs, MatrixBytes(s)))),
            Sentence(set, device, "vector", set.Vectors, s => (s.Seconds, Ideal(device, Precision.Bf16, 0, s.Rows * s.BytesPerRow))),
            Sentence(set, device, "attention", set.Attention, s => (s.Seconds, Ideal(device, Precision.Bf16, AttentionFlops(s), AttentionBytes(s)))),
            Sentence(set, device, "expert", set.Experts, s => (s.Seconds, Ideal(device, s.Format, ExpertFlops(s), ExpertBytes(s)))),
            Sentence(set, device, "collective", set.Collectives, s => (s.Seconds, CollectiveSeconds(device, s))),
        ];
        return found.OfType<string>();
    }

    private static string? Sentence<T>(
        MeasurementSet set, DeviceSpec device, string kind, IReadOnlyList<T> samples, Func<T, (double Measured, double Ideal)> times)
    {
        int count = 0;
        double worst = 0;
        foreach (T sample in samples)
        {
            (double measured, double ideal) = times(sample);
            if (Possible(measured, ideal)) continue;
            count++;
            worst = Math.Max(worst, measured > 0 ? ideal / measured : double.PositiveInfinity);
        }
        return count == 0 ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"{set.Origin}: {count} of {samples.Count} {kind} times are shorter than the data sheet of {device.Name} allows, up to {worst:0.0} times; they are kept");
    }

    private static bool Possible(double measured, double ideal) => measured * Tolerance >= ideal;

    private static double Ideal(DeviceSpec device, Precision format, double flops, double bytes)
    {
        ArgumentNullException.ThrowIfNull(device);
        double rate = (device.PeakRate(format) ?? device.PeakRate(Precision.Bf16))?.Value ?? double.PositiveInfinity;
        double memory = bytes > CacheBytes ? bytes / device.MemoryBandwidth.Value : 0;
        return Math.Max(flops / rate, memory);
    }

    private static double MatrixBytes(MatrixSample s)
    {
        double weight = s.Format switch { Precision.Fp32 => 4, Precision.Fp8 or Precision.Int8 => 1, Precision.Fp4 or Precision.Int4 => 0.5, _ => 2 };
        return (weight * ((s.Outputs * (double)s.Inputs) + (s.Rows * (double)s.Inputs))) + (ElementBytes * s.Rows * s.Outputs);
    }

    private static double AttentionFlops(AttentionSample s)
    {
        double pairs = s.Chunks * s.ChunkTokens * (s.HistoryTokens + ((s.ChunkTokens + 1) / 2.0));
        return 4.0 * s.Heads * s.HeadWidth * (pairs + (s.Decodes * s.MeanDecodeContext));
    }

    private static double AttentionBytes(AttentionSample s) =>
        2 * ElementBytes * s.KvHeads * s.HeadWidth * ((s.Chunks * ((double)s.HistoryTokens + s.ChunkTokens)) + (s.Decodes * s.MeanDecodeContext));

    /// <summary>A lower bound: gated experts have a third matrix, two are certain; how far a skewed routing unloads a device is unknown.</summary>
    private static double ExpertFlops(ExpertSample s) =>
        s.Routing is "balanced" or "uniform" ? 4.0 * s.Tokens * s.TopK / s.ExpertRanks * s.Hidden * s.Width / s.TensorRanks : 0;

    private static double ExpertBytes(ExpertSample s) =>
        s.TouchedExperts is { } touched ? 2.0 * touched * s.Hidden * s.Width / s.TensorRanks * (s.Format == Precision.Bf16 ? ElementBytes : ElementBytes / 2) : 0;

    /// <summary>Even a switch that reduces sends every device what the others hold.</summary>
    private static double CollectiveSeconds(DeviceSpec device, CollectiveSample s) =>
        s.Devices != s.DevicesPerMachine ? 0
        : s.Bytes / device.LinkBandwidth.Value * (s.Kind == CollectiveKind.PointToPoint ? 1 : (s.Devices - 1.0) / s.Devices);
}
