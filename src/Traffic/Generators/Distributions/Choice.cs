using Orrery.Kernel.Random;
using Orrery.Traffic.Generators.Lengths;

namespace Orrery.Traffic.Generators.Distributions;

/// <summary>One of listed values by weight.</summary>
internal sealed class Choice : IDistribution
{
    private readonly double[] _values;
    private readonly WeightedChoice _choice;

    internal Choice(IReadOnlyList<double> values, IReadOnlyList<double> weights)
    {
        _values = [.. values];
        _choice = new WeightedChoice(weights);
        Mean = values.Zip(weights, (value, weight) => value * weight).Sum() / weights.Sum();
    }

    public double Mean { get; }

    public double Sample(RandomStream random) => _values[_choice.Draw(random)];
}
