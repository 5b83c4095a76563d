using BenchmarkDotNet.Attributes;
using Orrery.Kernel.Random;

namespace Orrery.Kernel.Bench;

/// <summary>One draw from a stream, and one sample of the distributions that traffic uses most.</summary>
[MemoryDiagnoser]
public class RandomBench
{
    private const int Draws = 10_000;

    private static readonly IDistribution[] Distributions =
        [new Exponential(1), new Normal(0, 1), LogNormal.FromMedianSigma(512, 0.8), Orrery.Kernel.Random.Gamma.FromMeanAndCv(1, 2), new Zipf(100_000, 1.1)];

    private readonly RandomStream _random = RandomStream.Root(1).Split("bench");

    [Benchmark(OperationsPerInvoke = Draws)]
    public double Uniform()
    {
        double sum = 0;
        for (int i = 0; i < Draws; i++) sum += _random.NextDouble();
        return sum;
    }

    [Benchmark(OperationsPerInvoke = Draws)]
    public double Exponential() => Sum(Distributions[0]);

    [Benchmark(OperationsPerInvoke = Draws)]
    public double Normal() => Sum(Distributions[1]);

    [Benchmark(OperationsPerInvoke = Draws)]
    public double LogNormalLengths() => Sum(Distributions[2]);

    [Benchmark(OperationsPerInvoke = Draws)]
    public double Gamma() => Sum(Distributions[3]);

    [Benchmark(OperationsPerInvoke = Draws)]
    public double Zipf() => Sum(Distributions[4]);

    [Benchmark(OperationsPerInvoke = 100)]
    public ulong SplitByName()
    {
        ulong sum = 0;
        for (int i = 0; i < 100; i++) sum += _random.Split("arrivals").NextUInt64();
        return sum;
    }

    private double Sum(IDistribution distribution)
    {
        double sum = 0;
        for (int i = 0; i < Draws; i++) sum += distribution.Sample(_random);
        return sum;
    }
}
