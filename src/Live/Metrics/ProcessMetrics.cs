using System.Globalization;
using Orrery.Serving.Exposition;

namespace Orrery.Live.Metrics;

/// <summary>What the process itself takes: the names that Prometheus clients use, and the garbage collector's under our own.</summary>
/// <param name="startedAt">When the process, or the server in it, started.</param>
public sealed class ProcessMetrics(DateTimeOffset startedAt)
{
    private static readonly MetricFamily Memory = new("process_resident_memory_bytes", MetricKind.Gauge, "bytes", "", "Memory of the process that is resident now");

    private static readonly MetricFamily Cpu = new("process_cpu_seconds_total", MetricKind.Counter, "seconds", "", "Processor time of the process, user and system");

    private static readonly MetricFamily Start = new("process_start_time_seconds", MetricKind.Gauge, "seconds", "", "When the server started, since 1970 in UTC");

    private static readonly MetricFamily Collections = new(
        "orrery:gc_collections_total", MetricKind.Counter, "collections", "generation", "Garbage collections; one of a generation collects the lower ones too and counts there as well");

    private static readonly MetricFamily Heap = new("orrery:gc_heap_bytes", MetricKind.Gauge, "bytes", "", "Managed memory in use now, garbage included");

    private static readonly MetricFamily Pause = new("orrery:gc_pause_seconds_total", MetricKind.Counter, "seconds", "", "Time that garbage collections held the process up");

    private static readonly string[] Generations =
        [.. Enumerable.Range(0, GC.MaxGeneration + 1).Select(generation => ExpositionText.Labels(("generation", generation.ToString(CultureInfo.InvariantCulture))))];

    public static IReadOnlyList<MetricFamily> Families { get; } = [Memory, Cpu, Start, Collections, Heap, Pause];

    public void Write(ExpositionText text)
    {
        ArgumentNullException.ThrowIfNull(text);
        text.Begin(Memory);
        text.Sample("", Environment.WorkingSet);
        text.Begin(Cpu);
        text.Sample("", CpuSeconds());
        text.Begin(Start);
        text.Sample("", startedAt.ToUnixTimeMilliseconds() / 1000.0);
        text.Begin(Collections);
        for (int generation = 0; generation < Generations.Length; generation++) text.Sample(Generations[generation], GC.CollectionCount(generation));
        text.Begin(Heap);
        text.Sample("", GC.GetTotalMemory(forceFullCollection: false));
        text.Begin(Pause);
        text.Sample("", GC.GetTotalPauseDuration().TotalSeconds);
    }

    private static double CpuSeconds() =>
        OperatingSystem.IsLinux() || OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? Environment.CpuUsage.TotalTime.TotalSeconds : 0;
}
