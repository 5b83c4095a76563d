using Orrery.Traffic.Description;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Fitting;

/// <summary>A finite traffic in memory, for fitting and for judging a fit.</summary>
internal sealed class FitSample
{
    private FitSample(TrafficDescription description, double[] arrivals, int[] prompts, int[] outputs)
    {
        Description = description;
        ArrivalSeconds = arrivals;
        Prompts = prompts;
        Outputs = outputs;
    }

    internal TrafficDescription Description { get; }

    internal double[] ArrivalSeconds { get; }

    internal int[] Prompts { get; }

    internal int[] Outputs { get; }

    internal int Count => Prompts.Length;

    internal static FitSample Of(ITrafficSource source)
    {
        var description = new TrafficDescription();
        var arrivals = new List<double>();
        var prompts = new List<int>();
        var outputs = new List<int>();
        SourceDrain.ForEach(source, default, request =>
        {
            description.Add(request);
            arrivals.Add(request.Arrival.Seconds);
            prompts.Add(request.PromptTokens);
            outputs.Add(request.OutputTokens);
        });
        return new FitSample(description, [.. arrivals], [.. prompts], [.. outputs]);
    }

    /// <summary>Arrivals per window over a span, as shares that sum to 1.</summary>
    internal double[] Profile(double windowSeconds, int windows)
    {
        var shares = new double[windows];
        foreach (double at in ArrivalSeconds) shares[Math.Clamp((int)(at / windowSeconds), 0, windows - 1)] += 1.0 / Count;
        return shares;
    }

    /// <summary>Kolmogorov–Smirnov distance: the largest difference of two empirical distribution functions.</summary>
    internal static double KolmogorovSmirnov(int[] a, int[] b)
    {
        int[] left = [.. a.Order()];
        int[] right = [.. b.Order()];
        double largest = 0;
        int i = 0;
        int j = 0;
        while (i < left.Length && j < right.Length)
        {
            int value = Math.Min(left[i], right[j]);
            while (i < left.Length && left[i] == value) i++;
            while (j < right.Length && right[j] == value) j++;
            largest = Math.Max(largest, Math.Abs(((double)i / left.Length) - ((double)j / right.Length)));
        }
        return largest;
    }
}
