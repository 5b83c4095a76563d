using BenchmarkDotNet.Attributes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;

namespace Orrery.Kernel.Bench;

/// <summary>One sample into a quantile sketch past its exact stage: latencies, log-normal around 30 ms in nanoseconds.</summary>
[MemoryDiagnoser]
public class SketchBench
{
    private const int Values = 1 << 16;

    private readonly QuantileSketch _sketch = new();
    private readonly long[] _values = new long[Values];

    [GlobalSetup]
    public void Setup()
    {
        RandomStream random = RandomStream.Root(1).Split("sketch");
        LogNormal latency = LogNormal.FromMedianSigma(30e6, 0.8);
        for (int i = 0; i < Values; i++) _values[i] = (long)latency.Sample(random);
        Add();
        AddWeighted();
    }

    [Benchmark(OperationsPerInvoke = Values)]
    public long Add()
    {
        foreach (long value in _values) _sketch.Add(value);
        return _sketch.Count;
    }

    [Benchmark(OperationsPerInvoke = Values)]
    public long AddWeighted()
    {
        foreach (long value in _values) _sketch.Add(value, 7);
        return _sketch.Count;
    }
}
