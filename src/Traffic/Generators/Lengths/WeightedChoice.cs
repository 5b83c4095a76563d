using Orrery.Kernel.Random;

namespace Orrery.Traffic.Generators.Lengths;

/// <summary>One of a few alternatives with probability proportional to its weight.</summary>
public sealed class WeightedChoice
{
    private readonly double[] _cumulative;

    /// <exception cref="ArgumentException">No weight is positive, or one is negative.</exception>
    public WeightedChoice(IReadOnlyList<double> weights)
    {
        _cumulative = new double[weights.Count];
        double sum = 0;
        for (int i = 0; i < weights.Count; i++)
        {
            if (!(weights[i] >= 0)) throw new ArgumentException("weights must not be negative");
            _cumulative[i] = sum += weights[i];
        }
        if (!(sum > 0)) throw new ArgumentException("one weight must be positive");
    }

    public int Count => _cumulative.Length;

    /// <summary>Zipf: the weight of rank i is i^−skew; skew 0 is uniform.</summary>
    public static WeightedChoice Zipf(int count, double skew) => new([.. Enumerable.Range(1, count).Select(rank => Math.Pow(rank, -skew))]);

    public int Draw(RandomStream random)
    {
        int index = Array.BinarySearch(_cumulative, random.NextDouble() * _cumulative[^1]);
        // A draw exactly on a boundary belongs to the next alternative of positive weight.
        index = index < 0 ? ~index : index + 1;
        while (index > 0 && index < _cumulative.Length && _cumulative[index] == _cumulative[index - 1]) index++;
        return Math.Min(index, _cumulative.Length - 1);
    }
}
