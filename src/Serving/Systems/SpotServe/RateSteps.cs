using System.Globalization;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Systems.SpotServe;

/// <summary>A rate that changes in steps.</summary>
/// <param name="Steps">From when which rate in requests per second; the first at 0, in order.</param>
public sealed record RateSteps(IReadOnlyList<(Instant At, double PerSecond)> Steps)
{
    /// <summary>Requests per second minute by minute in the study with a load that changes: a public trace, scaled (b).</summary>
    public const string Fluctuating =
        "0:0.586, 60:0.585, 120:0.56, 180:0.546, 240:0.656, 300:0.681, 360:0.703, 420:0.686, 480:0.627, 540:0.614, 600:0.568, 660:0.566, "
        + "720:0.576, 780:0.575, 840:0.564, 900:0.571, 960:0.579, 1020:0.56, 1080:0.549";

    /// <summary>The name of <see cref="Fluctuating"/>.</summary>
    public const string FluctuatingName = "fluctuating";

    /// <summary>Faster traffic than any model of this study serves by far.</summary>
    private const double MostPerSecond = 1000;

    /// <summary>Reads <c>0.35</c>, <c>0.35/s</c>, <c>TIME:RATE, TIME:RATE, …</c> or <c>fluctuating</c>.</summary>
    /// <param name="text">Times in seconds.</param>
    /// <param name="key">The option, for messages.</param>
    /// <exception cref="InputException">Anything else.</exception>
    public static RateSteps Parse(string text, string key)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Trim() == FluctuatingName) text = Fluctuating;
        List<(Instant At, double PerSecond)> steps = [];
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] sides = part.Split(':', 2, StringSplitOptions.TrimEntries);
            double atSeconds = 0;
            if (sides.Length == 2 && (!Quantities.TryParse(sides[0], Quantity.Number, out atSeconds, out _) || atSeconds is < 0 or > 1e9))
                throw new InputException($"{key}: '{sides[0]}' in '{part}' is no time; write seconds, such as '0:0.6, 300:0.8'");
            if ((!Quantities.TryParse(sides[^1], Quantity.Number, out double rate, out _) && !Quantities.TryParse(sides[^1], Quantity.Rate, out rate, out _))
                || rate is <= 0 or > MostPerSecond)
                throw new InputException($"{key}: '{sides[^1]}' in '{part}' is no rate above 0 and at most 1000/s; write requests per second, such as 0.35 or 0.35/s");
            if (steps.Count == 0 ? atSeconds != 0 : Instant.FromSeconds(atSeconds) <= steps[^1].At)
                throw new InputException($"{key}: '{part}' is out of order; start at 0 and let times rise, such as '0:0.6, 300:0.8'");
            steps.Add((Instant.FromSeconds(atSeconds), rate));
        }
        return steps.Count > 0 ? new RateSteps(steps) : throw new InputException($"{key}: '{text}' names no rate; write requests per second, such as 0.35, or '0:0.6, 300:0.8'");
    }

    /// <summary>A rate that stays.</summary>
    public static RateSteps Constant(double perSecond) => Parse(perSecond.ToString("R", CultureInfo.InvariantCulture), "rate");

    /// <summary>Requests per second at an instant.</summary>
    public double At(Instant at)
    {
        double rate = Steps[0].PerSecond;
        foreach ((Instant from, double perSecond) in Steps)
            if (from <= at) rate = perSecond;
        return rate;
    }
}
