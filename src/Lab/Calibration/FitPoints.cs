namespace Orrery.Lab.Calibration;

/// <summary>Measured ratios at points of a family's coordinates: what a surface is fitted to.</summary>
/// <param name="dimensions">Coordinates per point.</param>
public sealed class FitPoints(int dimensions)
{
    private readonly List<double> _coordinates = [];
    private readonly List<double> _values = [];
    private readonly List<double> _weights = [];

    public int Dimensions => dimensions;

    public int Count => _values.Count;

    /// <summary>Adds a measured time at a point.</summary>
    /// <param name="point">Positive coordinates.</param>
    /// <param name="idealSeconds">What the family's roofline says.</param>
    /// <param name="measuredSeconds">What was measured.</param>
    /// <param name="weight">How much it counts; 1 for a point among equals.</param>
    public void Add(ReadOnlySpan<double> point, double idealSeconds, double measuredSeconds, double weight = 1)
    {
        if (point.Length != dimensions) throw new ArgumentException($"a point has {dimensions} coordinates, not {point.Length}", nameof(point));
        foreach (double coordinate in point) _coordinates.Add(coordinate);
        _values.Add(Math.Log2(measuredSeconds / idealSeconds));
        _weights.Add(weight);
    }

    /// <summary>Adds all points of another collection, together weighing <paramref name="weight"/>.</summary>
    public void AddAll(FitPoints other, double weight)
    {
        ArgumentNullException.ThrowIfNull(other);
        double total = 0;
        for (int i = 0; i < other.Count; i++) total += other._weights[i];
        _coordinates.AddRange(other._coordinates);
        _values.AddRange(other._values);
        for (int i = 0; i < other.Count; i++) _weights.Add(other._weights[i] * weight / total);
    }

    internal double Coordinate(int point, int dimension) => _coordinates[(point * dimensions) + dimension];

    internal double Log2Ratio(int point) => _values[point];

    internal double Weight(int point) => _weights[point];
}
