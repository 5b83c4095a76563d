using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Calibration;

/// <summary>Measured attention of one device and one software, sorted by what it is; of several kernels for a shape the fastest counts.</summary>
public sealed class AttentionTable
{
    public AttentionTable(DeviceSpec device, IEnumerable<AttentionSample> samples)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(samples);
        Device = device;
        AttentionSample[] all = [.. Fastest(samples)];
        Prefill = [.. all.Where(s => s.Decodes == 0)];
        Decode = [.. all.Where(s => s.Chunks == 0 && s.LongDecodes == 0)];
        SkewedDecode = [.. all.Where(s => s.Chunks == 0 && s.LongDecodes > 0)];
        Mixed = [.. all.Where(s => s.Chunks > 0 && s.Decodes > 0 && s.LongDecodes == 0)];
        SkewedMixed = [.. all.Where(s => s.Chunks > 0 && s.Decodes > 0 && s.LongDecodes > 0)];
    }

    public DeviceSpec Device { get; }

    /// <summary>Chunks alone.</summary>
    public IReadOnlyList<AttentionSample> Prefill { get; }

    /// <summary>Equal decodes alone.</summary>
    public IReadOnlyList<AttentionSample> Decode { get; }

    /// <summary>Decodes of two lengths alone.</summary>
    public IReadOnlyList<AttentionSample> SkewedDecode { get; }

    /// <summary>A chunk and equal decodes.</summary>
    public IReadOnlyList<AttentionSample> Mixed { get; }

    /// <summary>A chunk and decodes of two lengths.</summary>
    public IReadOnlyList<AttentionSample> SkewedMixed { get; }

    public AttentionSite Site(AttentionSample sample) => AttentionSite.Of(Device, sample.Heads, sample.KvHeads, sample.HeadWidth);

    public static PrefillWork Work(AttentionSample sample)
    {
        PrefillWork work = default;
        if (sample.Chunks > 0) work.Add(sample.ChunkTokens, sample.HistoryTokens, sample.Chunks);
        return work;
    }

    /// <summary>Only samples for which the predicate holds.</summary>
    public AttentionTable Where(Func<AttentionSample, bool> keeps) =>
        new(Device, Prefill.Concat(Decode).Concat(SkewedDecode).Concat(Mixed).Concat(SkewedMixed).Where(keeps));

    private static IEnumerable<AttentionSample> Fastest(IEnumerable<AttentionSample> samples) => samples
        .Where(s => s.Seconds > 0)
        .GroupBy(s => s with { Seconds = 0, Kernel = "" })
        .Select(shape => shape.Key with { Seconds = shape.GroupBy(s => s.Kernel).Min(kernel => kernel.Average(s => s.Seconds)) });
}
