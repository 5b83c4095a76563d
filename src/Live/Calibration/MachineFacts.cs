using System.Globalization;
using Orrery.Documents;
using Orrery.World.Hardware;

namespace Orrery.Live.Calibration;

/// <summary>What this machine is, as far as the cost model asks: the data sheet that nobody prints for it.</summary>
/// <param name="Threads">Threads of the engine, which are its processors.</param>
/// <param name="FlopsPerSecond">Single-precision multiply-adds of all threads, two operations each.</param>
/// <param name="ReadBytesPerSecond">Memory that no cache holds.</param>
/// <param name="MemoryBytes">Of the machine.</param>
public sealed record MachineFacts(int Threads, double FlopsPerSecond, double ReadBytesPerSecond, long MemoryBytes)
{
    /// <summary>Name of the device and of its profile.</summary>
    public const string Name = "this-machine";

    /// <summary>Where nothing measures it: what server parts draw per thread (d).</summary>
    private const double WattsPerThread = 8;

    /// <summary>Last-level cache of usual server parts (d); only shared attention kernels ask, which this engine has none of.</summary>
    private const long CacheBytes = 32L << 20;

    /// <summary>The form that a scenario's <c>device:</c> takes; the same for the same facts, byte for byte.</summary>
    public Node Write()
    {
        Node rate = Unit(FlopsPerSecond, "FLOP/s");
        return Node.Map(
            Entry("name", Node.Plain(Name)),
            Entry("source", Node.Quoted("measured on this machine by `orrery calibrate --engine`; its power is assumed (d)")),
            Entry("peak", Node.Map(Entry("fp32", rate), Entry("bf16", rate), Entry("fp16", rate))),
            Entry("memory", Unit(MemoryBytes, "B")),
            Entry("bandwidth", Unit(ReadBytesPerSecond, "B/s")),
            Entry("cache", Unit(CacheBytes, "B")),
            Entry("multiprocessors", Node.Plain(Threads.ToString(CultureInfo.InvariantCulture))),
            Entry("link", Node.Map(Entry("bandwidth", Unit(ReadBytesPerSecond, "B/s")))),
            Entry("power", Node.Map(Entry("tdp", Unit(Threads * WattsPerThread, "W")))));
    }

    /// <summary>The device as a scenario reads it.</summary>
    public DeviceSpec Device() => DeviceSpec.Read(Write());

    private static KeyValuePair<string, Node> Entry(string key, Node value) => KeyValuePair.Create(key, value);

    private static Node Unit(double value, string unit) => Node.Plain(Math.Round(value).ToString("0", CultureInfo.InvariantCulture) + unit);
}
