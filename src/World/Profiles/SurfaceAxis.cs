using System.Globalization;

namespace Orrery.World.Profiles;

/// <summary>One coordinate of an <see cref="EfficiencySurface"/>: named points, interpolated over their binary logarithm.</summary>
public sealed class SurfaceAxis
{
    private readonly double[] _points;
    private readonly double[] _logs;

    /// <summary>An axis over the given points.</summary>
    /// <param name="name">What the coordinate is, as a key of a document: <c>rows</c>.</param>
    /// <param name="points">Positive, finite and strictly increasing; one point means that the coordinate does not matter.</param>
    /// <exception cref="ArgumentException">There is no point, or the points do not increase, or one is not positive and finite.</exception>
    public SurfaceAxis(string name, params IReadOnlyList<double> points)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(points);
        if (Problem(points) is { } problem) throw new ArgumentException($"axis '{name}': {problem}", nameof(points));
        Name = name;
        _points = [.. points];
        _logs = [.. points.Select(Math.Log2)];
    }

    public string Name { get; }

    public IReadOnlyList<double> Points => _points;

    /// <summary>Does the coordinate lie between the first and the last point, or does it not matter?</summary>
    public bool Covers(double at) => _points.Length == 1 || (at >= _points[0] && at <= _points[^1]);

    /// <summary>What is wrong with the points, or null.</summary>
    internal static string? Problem(IReadOnlyList<double> points)
    {
        if (points.Count == 0) return "an axis needs a point";
        for (int i = 0; i < points.Count; i++)
        {
            string point = points[i].ToString(CultureInfo.InvariantCulture);
            if (!(points[i] > 0) || double.IsInfinity(points[i])) return $"the point {point} is not positive and finite";
            if (i > 0 && points[i] <= points[i - 1]) return $"the point {point} is not larger than the one before it";
        }
        return null;
    }

    /// <summary>
    /// The lower of the two points around a coordinate and the share of the step to the upper one, in logarithms. Beyond the ends: the end.
    /// The share is zero exactly on a point.
    /// </summary>
    public (int Index, double Share) Locate(double at)
    {
        double[] logs = _logs;
        double log = Math.Log2(at);
        if (!(log > logs[0])) return (0, 0);
        int last = logs.Length - 1;
        if (log >= logs[last]) return (last, 0);
        int low = 0;
        int high = last;
        while (high - low > 1)
        {
            int middle = (low + high) >>> 1;
            if (logs[middle] <= log) low = middle;
            else high = middle;
        }
        return (low, (log - logs[low]) / (logs[low + 1] - logs[low]));
    }
}
