using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Replicas;

/// <summary>What one replica did, in exact integers, so that totals do not depend on how steps were grouped.</summary>
public sealed class ReplicaCounters(int totalBlocks)
{
    private Instant _busySince = Instant.Never;
    private Duration _busy;
    private WideSum _flops;
    private WideSum _memoryBytes;

    public long Steps { get; internal set; }

    /// <summary>Plans made; smaller than <see cref="Steps"/> when stable runs were fast-forwarded.</summary>
    public long Plans { get; internal set; }

    public long Preemptions { get; internal set; }

    public long OutputTokens { get; internal set; }

    /// <summary>Prompt tokens computed, recomputation included, cache hits not.</summary>
    public long PrefillTokens { get; internal set; }

    /// <summary>Tokens computed one at a time by decodes, of clients that had left included.</summary>
    public long DecodeTokens { get; internal set; }

    /// <summary>Time that steps waited for memory before they computed: copies between device and host, mappings. Part of the busy time.</summary>
    public Duration MemoryWait { get; internal set; }

    public Int128 Flops => _flops.Value;

    public Int128 MemoryBytes => _memoryBytes.Value;

    public int TotalBlocks { get; } = totalBlocks;

    /// <summary>KV blocks in use over time.</summary>
    public TimeWeighted KvBlocks { get; } = new(Instant.Zero);

    /// <summary>Time with at least one step in flight, up to an instant.</summary>
    public Duration Busy(Instant now) => _busySince.IsNever ? _busy : _busy + (now - _busySince);

    internal void AddWork(Int128 flops, Int128 memoryBytes)
    {
        _flops.Add(flops);
        _memoryBytes.Add(memoryBytes);
    }

    internal void BecomesBusy(Instant now) => _busySince = now;

    internal void BecomesIdle(Instant now)
    {
        _busy += now - _busySince;
        _busySince = Instant.Never;
    }
}
