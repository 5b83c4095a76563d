namespace Orrery.Kernel.Random;

/// <summary>Zipf on the ranks 1 … count: P(rank k) ∝ k^(−exponent). The constant-time rejection-inversion of Hörmann and Derflinger
/// 1996.</summary>
/// <remarks>Memory does not depend on the number of ranks.</remarks>
public sealed record Zipf : ICumulative
{
    // Ranks summed one by one; the rest of a harmonic sum follows from Euler-Maclaurin with an error below 1e-11.
    private const int SummedRanks = 1000;

    private readonly double _first;
    private readonly double _last;
    private readonly double _certain;
    private readonly double _total;

    /// <param name="count">Number of ranks, at least 1.</param>
    /// <param name="exponent">Positive; 1 is the classical law.</param>
    /// <exception cref="InputException">A parameter is out of range.</exception>
    public Zipf(long count, double exponent)
    {
        Count = count >= 1 ? count : throw Parameters.Bad(count, "zipf", nameof(count), "give a positive whole number");
        Exponent = Parameters.Positive(exponent, "zipf");
        _first = Area(1.5) - 1;
        _last = Area(count + 0.5);
        _certain = 2 - InverseArea(Area(2.5) - Density(2));
        _total = Harmonic(count, exponent);
    }

    public long Count { get; }

    public double Exponent { get; }

    public double Mean => Harmonic(Count, Exponent - 1) / _total;

    public double Cdf(double x) => x < 1 ? 0 : x >= Count ? 1 : Harmonic((long)x, Exponent) / _total;

    public double Sample(RandomStream random) => SampleRank(random);

    /// <summary>A rank in [1, count].</summary>
    public long SampleRank(RandomStream random)
    {
        while (true)
        {
            double u = _last + (random.NextDouble() * (_first - _last));
            double x = InverseArea(u);
            long k = Math.Clamp((long)(x + 0.5), 1, Count);
            if (k - x <= _certain || u >= Area(k + 0.5) - Density(k)) return k;
        }
    }

    private double Density(double x) => Math.Exp(-Exponent * Math.Log(x));

    // The integral of x^(−exponent) from 1, continuous at exponent 1.
    private double Area(double x)
    {
        double log = Math.Log(x);
        double grown = Math.Exp((1 - Exponent) * log);
        // Kahan's form of (e^t − 1)/t.
        return grown == 1 ? log : (grown - 1) / Math.Log(grown) * log;
    }

    private double InverseArea(double area)
    {
        double t = Math.Max(area * (1 - Exponent), -1);
        double grown = 1 + t;
        return Math.Exp(grown == 1 ? area : Math.Log(grown) / (grown - 1) * area);
    }

    private static double Harmonic(long count, double exponent)
    {
        double sum = 0;
        long head = Math.Min(count, SummedRanks);
        for (long k = 1; k <= head; k++) sum += Math.Pow(k, -exponent);
        if (count <= SummedRanks) return sum;
        double a = SummedRanks;
        double b = count;
        double integral = Math.Abs(exponent - 1) < 1e-9
            ? Math.Log(b / a)
            : (Math.Pow(b, 1 - exponent) - Math.Pow(a, 1 - exponent)) / (1 - exponent);
        double ends = 0.5 * (Math.Pow(b, -exponent) - Math.Pow(a, -exponent));
        double slope = exponent / 12 * (Math.Pow(a, -exponent - 1) - Math.Pow(b, -exponent - 1));
        return sum + integral + ends + slope;
    }
}
