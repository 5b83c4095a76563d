namespace Orrery.Serving.Systems.TpiLlm;

/// <summary>How heads and columns are cut: node i of n gets floor(H·r_i), and what is left goes one each to the last nodes (b, TPI-LLM's code).</summary>
public static class HeadSplit
{
    /// <summary>Units of every node; their sum is <paramref name="units"/>.</summary>
    /// <param name="units">Heads, key/value heads or columns.</param>
    /// <param name="weights">One positive number per node; their shares are the ratios r_i.</param>
    public static int[] Of(int units, IReadOnlyList<double> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        double sum = weights.Sum();
        // A share that is whole but for rounding (3 of 12 with weights 1, 1, 1, 1) must not lose a unit to the floor.
        const double rounding = 1e-9;
        int[] parts = [.. weights.Select(weight => (int)Math.Floor((units * weight / sum) + rounding))];
        int left = units - parts.Sum();
        for (int node = weights.Count - 1; left > 0; node = node == 0 ? weights.Count - 1 : node - 1, left--) parts[node]++;
        return parts;
    }
}
