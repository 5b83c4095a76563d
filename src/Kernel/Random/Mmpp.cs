using Orrery.Kernel.Time;

namespace Orrery.Kernel.Random;

/// <summary>
/// A Markov-modulated Poisson process: a hidden state switches at random and sets the arrival rate (Fischer and Meier-Hellstern 1993).
/// This object is the state; make one for each stream of arrivals.
/// </summary>
public sealed class Mmpp
{
    private readonly double[] _rates;
    private readonly double[][] _switching;
    private readonly double[] _leaving;
    private readonly double[] _stationary;

    /// <param name="ratesPerSecond">Arrival rate in each state; zero is allowed.</param>
    /// <param name="switchingPerSecond">Row i, column j: rate of switching from state i to state j; the diagonal is ignored.</param>
    /// <exception cref="InputException">Sizes differ, a rate is negative, or some state can never lead to every other.</exception>
    public Mmpp(IReadOnlyList<double> ratesPerSecond, IReadOnlyList<IReadOnlyList<double>> switchingPerSecond)
    {
        ArgumentNullException.ThrowIfNull(ratesPerSecond);
        ArgumentNullException.ThrowIfNull(switchingPerSecond);
        int states = ratesPerSecond.Count;
        if (states == 0 || switchingPerSecond.Count != states || switchingPerSecond.Any(row => row.Count != states))
            throw new InputException($"mmpp: {states} rates need a {states} by {states} table of switching rates; give one row and one column for every state");
        _rates = [.. ratesPerSecond.Select(rate => Parameters.NotNegative(rate, "mmpp"))];
        if (_rates.All(rate => rate == 0))
            throw new InputException("mmpp: every arrival rate is zero; give at least one state a positive rate");
        double checkedRate(double rate) => Parameters.NotNegative(rate, "mmpp", "a switching rate");
        _switching = [.. switchingPerSecond.Select((row, i) => row.Select((rate, j) => i == j ? 0 : checkedRate(rate)).ToArray())];
        _leaving = [.. _switching.Select(row => row.Sum())];
        _stationary = Stationary(_switching, _leaving);
        for (int i = 0; i < states; i++) MeanRatePerSecond += _stationary[i] * _rates[i];
    }

    /// <summary>The present state; −1 before the first gap, which draws it from the long-run shares.</summary>
    public int State { get; private set; } = -1;

    /// <summary>Arrivals per second in the long run.</summary>
    public double MeanRatePerSecond { get; }

    /// <summary>Share of time in each state in the long run.</summary>
    public IReadOnlyList<double> StationaryShares => _stationary;

    /// <summary>Two states, each with its rate and the mean length of a stay.</summary>
    /// <exception cref="InputException">A rate is negative, both are zero, or a stay is not positive.</exception>
    public static Mmpp TwoState(double calmRatePerSecond, double burstRatePerSecond, double calmSeconds, double burstSeconds) => new(
        [calmRatePerSecond, burstRatePerSecond],
        [[0, 1 / Parameters.Positive(calmSeconds, "mmpp")], [1 / Parameters.Positive(burstSeconds, "mmpp"), 0]]);

    /// <summary>The time to the next arrival, rounded to a nanosecond.</summary>
    public Duration NextGap(RandomStream random) => Duration.FromSeconds(NextGapSeconds(random));

    /// <inheritdoc cref="NextGap"/>
    public double NextGapSeconds(RandomStream random)
    {
        ArgumentNullException.ThrowIfNull(random);
        if (State < 0) State = Pick(_stationary, random.NextDouble());
        double gap = 0;
        while (true)
        {
            double total = _rates[State] + _leaving[State];
            gap -= Math.Log(random.NextPositive()) / total;
            double choice = random.NextDouble() * total;
            if (choice < _rates[State]) return gap;
            State = Pick(_switching[State], choice - _rates[State]);
        }
    }

    private static int Pick(double[] weights, double at)
    {
        int last = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            if (weights[i] == 0) continue;
            last = i;
            at -= weights[i];
            if (at < 0) break;
        }
        return last;
    }

    // The elimination of Grassmann, Taksar and Heyman 1985: no subtraction, so no cancellation; it also shows whether the chain is
    // irreducible.
    private static double[] Stationary(double[][] switching, double[] leaving)
    {
        int n = switching.Length;
        double[] shares = new double[n];
        double[][] q = [.. switching.Select(row => row.ToArray())];
        for (int k = n - 1; k > 0; k--)
        {
            double down = 0;
            for (int j = 0; j < k; j++) down += q[k][j];
            if (!(down > 0)) throw Reducible();
            for (int i = 0; i < k; i++)
            {
                q[i][k] /= down;
                for (int j = 0; j < k; j++)
                {
                    if (i != j) q[i][j] += q[i][k] * q[k][j];
                }
            }
        }
        shares[0] = 1;
        double total = 1;
        for (int k = 1; k < n; k++)
        {
            for (int i = 0; i < k; i++) shares[k] += shares[i] * q[i][k];
            if (!(shares[k] > 0) || !(leaving[0] > 0)) throw Reducible();
            total += shares[k];
        }
        for (int k = 0; k < n; k++) shares[k] /= total;
        return shares;
    }

    private static InputException Reducible() =>
        new("mmpp: some states cannot be reached from others; give switching rates that lead from every state to every other");
}
