namespace Orrery.Serving.Planning;

/// <summary>The highest rate at which something still holds.</summary>
public static class RateSearch
{
    /// <summary>
    /// Halves [0, most] until it is narrower than asked, as DistServe's placement scripts do (b): the answer is its lower end, so a multiple of
    /// the last width.
    /// </summary>
    /// <param name="most">Upper end of the first interval; it is not tried itself.</param>
    /// <param name="width">The interval is done when it is narrower.</param>
    /// <param name="holds">Asked once for each middle.</param>
    public static double Bisect(double most, double width, Func<double, bool> holds)
    {
        double low = 0;
        double high = most;
        while (high - low >= width)
        {
            double middle = (low + high) / 2;
            if (holds(middle)) low = middle;
            else high = middle;
        }
        return low;
    }

    /// <summary>Whether <see cref="Bisect"/> answered the end of its range, so that the truth may lie beyond it.</summary>
    public static bool IsAtEnd(double found, double most, double width) => found > most - width;
}
