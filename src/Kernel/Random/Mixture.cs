namespace Orrery.Kernel.Random;

/// <summary>One of several distributions, chosen by weight for every sample.</summary>
public sealed class Mixture : ICumulative
{
    private readonly ICumulative[] _parts;
    private readonly double[] _upTo;

    /// <param name="parts">Weights (any scale, not all zero) and distributions.</param>
    /// <exception cref="InputException">There is no part, or a weight is negative, or all are zero.</exception>
    public Mixture(IReadOnlyList<(double Weight, ICumulative Part)> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        double total = 0;
        foreach ((double weight, _) in parts) total += Parameters.NotNegative(weight, "mixture");
        if (!(total > 0)) throw new InputException("mixture distribution: no part has a weight; give at least one part a positive weight");
        _parts = [.. parts.Select(p => p.Part)];
        _upTo = new double[parts.Count];
        double sum = 0;
        for (int i = 0; i < parts.Count; i++)
        {
            sum += parts[i].Weight / total;
            _upTo[i] = sum;
            // A part of weight zero must not turn an infinite mean of its own into 0 · ∞.
            if (parts[i].Weight > 0) Mean += parts[i].Weight / total * parts[i].Part.Mean;
        }
        // Rounding of the sum must not leave a gap at the top.
        int last = parts.Count - 1;
        while (parts[last].Weight == 0) last--;
        for (int i = last; i < _upTo.Length; i++) _upTo[i] = 1;
    }

    public double Mean { get; }

    /// <summary>Hyperexponential: exponentials with the given means, chosen by weight.</summary>
    /// <exception cref="InputException">A mean is not positive, or a weight is negative.</exception>
    public static Mixture Hyperexponential(params IReadOnlyList<(double Weight, double Mean)> phases) =>
        new([.. phases.Select(p => (p.Weight, (ICumulative)new Exponential(p.Mean)))]);

    /// <summary>Two-phase hyperexponential with balanced means (each phase carries half of the load; Whitt 1982).</summary>
    /// <exception cref="InputException">The mean is not positive, or the coefficient of variation is below 1.</exception>
    public static Mixture HyperexponentialFromMeanAndCv(double mean, double cv)
    {
        Parameters.Positive(mean, "hyperexponential");
        if (!(cv >= 1) || !double.IsFinite(cv)) throw Parameters.Bad(cv, "hyperexponential", nameof(cv), "give a number of 1 or more");
        double share = 0.5 * (1 + Math.Sqrt(((cv * cv) - 1) / ((cv * cv) + 1)));
        return Hyperexponential((share, mean / (2 * share)), (1 - share, mean / (2 * (1 - share))));
    }

    public double Cdf(double x)
    {
        double sum = 0;
        double below = 0;
        for (int i = 0; i < _parts.Length; i++)
        {
            sum += (_upTo[i] - below) * _parts[i].Cdf(x);
            below = _upTo[i];
        }
        return sum;
    }

    public double Sample(RandomStream random)
    {
        double u = random.NextDouble();
        int index = 0;
        while (u >= _upTo[index]) index++;
        return _parts[index].Sample(random);
    }
}
