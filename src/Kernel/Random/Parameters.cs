using System.Globalization;
using System.Runtime.CompilerServices;

namespace Orrery.Kernel.Random;

/// <summary>Checks of distribution parameters: they come from scenarios, so a bad one is the user's to mend.</summary>
internal static class Parameters
{
    public static double Positive(double value, string distribution, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value > 0 && double.IsFinite(value) ? value : throw Bad(value, distribution, name, "give a positive number");

    public static double NotNegative(double value, string distribution, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value >= 0 && double.IsFinite(value) ? value : throw Bad(value, distribution, name, "give zero or a positive number");

    public static double Finite(double value, string distribution, [CallerArgumentExpression(nameof(value))] string name = "") =>
        double.IsFinite(value) ? value : throw Bad(value, distribution, name, "give a number");

    /// <summary>Requires <paramref name="low"/> below <paramref name="high"/>; <paramref name="high"/> may be infinite.</summary>
    public static void Ordered(
        double low, double high, string distribution, [CallerArgumentExpression(nameof(low))] string lowName = "",
        [CallerArgumentExpression(nameof(high))] string highName = "")
    {
        if (!(low < high))
            throw new InputException(string.Create(
                CultureInfo.InvariantCulture, $"{distribution} distribution: {lowName} {low} is not below {highName} {high}; give {lowName} < {highName}"));
    }

    public static InputException Bad(double value, string distribution, string name, string remedy) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{distribution} distribution: {name} is {value}; {remedy}"));

    /// <summary>Uniform strictly between 0 and 1, safe under any inverse distribution function.</summary>
    public static double NextOpen(this RandomStream random)
    {
        double u;
        do u = random.NextDouble();
        while (u == 0);
        return u;
    }
}
