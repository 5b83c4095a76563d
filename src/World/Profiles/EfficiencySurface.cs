using System.Globalization;
using Orrery.Documents;

namespace Orrery.World.Profiles;

/// <summary>
/// How many times longer than ideal an operator takes, over its coordinates: the binary logarithm of measured over ideal time on a grid,
/// multilinear between grid points in the logarithms of the coordinates. A power law of the coordinates is hence met exactly, and so is
/// every grid point. Beyond the grid the value of its edge holds, which lets the ideal time carry the growth.
/// </summary>
public sealed class EfficiencySurface
{
    /// <summary>Steps per octave that a document stores: at most 0.35 % of a time, a tenth of what fits miss.</summary>
    private const double StepsPerOctave = 100;

    /// <summary>More dimensions than any operator has; bounds the corners that a lookup visits.</summary>
    private const int MaxAxes = 6;

    /// <summary>A text of values spans as many trailing axes as it takes to hold this many, as texts are what costs to read.</summary>
    private const int ShortestRow = 64;

    /// <summary>2^±40 of ideal is no measurement.</summary>
    private const int LargestSteps = 4_000;

    private readonly SurfaceAxis[] _axes;
    private readonly int[] _strides;
    private readonly double[] _values;

    /// <summary>A surface from its grid.</summary>
    /// <param name="axes">One to six coordinates.</param>
    /// <param name="log2Ratios">One value per grid point; the last axis runs fastest.</param>
    /// <exception cref="ArgumentException">The number of axes or of values does not fit, or a value is not finite.</exception>
    public EfficiencySurface(IReadOnlyList<SurfaceAxis> axes, IReadOnlyList<double> log2Ratios)
    {
        ArgumentNullException.ThrowIfNull(axes);
        ArgumentNullException.ThrowIfNull(log2Ratios);
        if (axes.Count is 0 or > MaxAxes) throw new ArgumentException($"a surface has 1 to {MaxAxes} axes, not {axes.Count}", nameof(axes));
        int cells = axes.Aggregate(1, (product, axis) => product * axis.Points.Count);
        if (log2Ratios.Count != cells) throw new ArgumentException($"the grid has {cells} points, not {log2Ratios.Count}", nameof(log2Ratios));
        if (!log2Ratios.All(double.IsFinite)) throw new ArgumentException("every value must be finite", nameof(log2Ratios));
        _axes = [.. axes];
        _values = [.. log2Ratios];
        _strides = new int[_axes.Length];
        int stride = 1;
        for (int i = _axes.Length - 1; i >= 0; i--)
        {
            _strides[i] = stride;
            stride *= _axes[i].Points.Count;
        }
    }

    public IReadOnlyList<SurfaceAxis> Axes => _axes;

    /// <summary>Binary logarithm of measured over ideal time at every grid point; the last axis runs fastest.</summary>
    public IReadOnlyList<double> Log2Ratios => _values;

    /// <summary>The same ratio at all points.</summary>
    /// <param name="axis">Name of its only axis.</param>
    /// <param name="ratio">Measured over ideal time; positive.</param>
    public static EfficiencySurface Constant(string axis, double ratio) => new([new SurfaceAxis(axis, 1)], [Math.Log2(ratio)]);

    /// <summary>Measured over ideal time at a point of positive coordinates, one per axis.</summary>
    public double RatioAt(params ReadOnlySpan<double> point) => Math.Pow(2, Log2RatioAt(point));

    /// <summary>Binary logarithm of measured over ideal time at a point of positive coordinates, one per axis.</summary>
    /// <exception cref="ArgumentException">The point has another number of coordinates than the surface has axes.</exception>
    public double Log2RatioAt(params ReadOnlySpan<double> point)
    {
        SurfaceAxis[] axes = _axes;
        if (point.Length != axes.Length) throw new ArgumentException($"a point of this surface has {axes.Length} coordinates, not {point.Length}", nameof(point));
        Span<int> steps = stackalloc int[MaxAxes];
        Span<double> shares = stackalloc double[MaxAxes];
        int corner = 0;
        int between = 0;
        for (int i = 0; i < axes.Length; i++)
        {
            (int index, double share) = axes[i].Locate(point[i]);
            corner += index * _strides[i];
            if (share == 0) continue;
            steps[between] = _strides[i];
            shares[between] = share;
            between++;
        }
        double sum = 0;
        for (int mask = 0; mask < 1 << between; mask++)
        {
            int at = corner;
            double weight = 1;
            for (int i = 0; i < between; i++)
            {
                bool upper = (mask >> i & 1) != 0;
                weight *= upper ? shares[i] : 1 - shares[i];
                if (upper) at += steps[i];
            }
            sum += weight * _values[at];
        }
        return sum;
    }

    /// <summary>Does the point lie within the grid, so that the answer is interpolated and not the value of the edge?</summary>
    public bool IsInside(params ReadOnlySpan<double> point)
    {
        for (int i = 0; i < _axes.Length; i++)
            if (!_axes[i].Covers(point[i])) return false;
        return true;
    }

    /// <summary>The same ratios over the first axis alone, the other coordinates held; for many lookups that differ only in the first.</summary>
    /// <param name="rest">Coordinates of the other axes.</param>
    public EfficiencySurface AlongFirstAxis(params ReadOnlySpan<double> rest)
    {
        SurfaceAxis first = _axes[0];
        var point = new double[_axes.Length];
        rest.CopyTo(point.AsSpan(1));
        var values = new double[first.Points.Count];
        for (int i = 0; i < values.Length; i++)
        {
            point[0] = first.Points[i];
            values[i] = Log2RatioAt(point);
        }
        return new([first], values);
    }

    /// <summary>Throws unless the axes have these names in this order.</summary>
    internal void RequireAxes(IReadOnlyList<string> names)
    {
        if (!_axes.Select(axis => axis.Name).SequenceEqual(names))
            throw new ArgumentException($"the axes must be {string.Join(", ", names)}, not {string.Join(", ", _axes.Select(axis => axis.Name))}");
    }

    /// <summary>The surface that a document of this one reads back as: values rounded to a hundredth of an octave.</summary>
    public EfficiencySurface Rounded() => new(_axes, [.. _values.Select(value => Steps(value) / StepsPerOctave)]);

    /// <summary>
    /// <c>axes</c> (points by name, in order) and <c>values</c> in hundredths of an octave: texts of one row of the last axis each, or of several
    /// trailing axes where the last is short.
    /// </summary>
    /// <param name="node">Mapping to read.</param>
    /// <param name="axes">Names that the axes must have, in this order.</param>
    /// <exception cref="Kernel.InputException">The axes are others, points do not increase, or the number of values does not fit.</exception>
    public static EfficiencySurface Read(Node node, params IReadOnlyList<string> axes)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(axes);
        MapReader map = node.AsMap();
        Node grid = map.Required("axes");
        Node rows = map.Required("values");
        map.Done();
        MapReader points = grid.AsMap();
        SurfaceAxis[] read = [.. axes.Select(name => ReadAxis(name, points.Required(name)))];
        points.Done();
        if (!grid.Entries.Select(entry => entry.Key).SequenceEqual(axes))
            throw grid.Error($"the axes must stand in the order {string.Join(", ", axes)}");
        int width = RowWidth(read);
        int height = read.Aggregate(1, (product, axis) => product * axis.Points.Count) / width;
        IReadOnlyList<Node> lines = rows.AsList();
        if (lines.Count != height) throw rows.Error($"the axes ask for {height} rows of values, not {lines.Count}");
        var values = new double[height * width];
        for (int row = 0; row < height; row++) ReadRow(lines[row], values.AsSpan(row * width, width));
        return new(read, values);
    }

    /// <summary>The form that <see cref="Read"/> reads; the same for the same surface, byte for byte.</summary>
    public Node Write()
    {
        int width = RowWidth(_axes);
        return Node.Map(
            KeyValuePair.Create("axes", Node.Map([.. _axes.Select(axis => KeyValuePair.Create(axis.Name, Node.List([.. axis.Points.Select(Number)])))])),
            KeyValuePair.Create("values", Node.List([.. _values.Chunk(width).Select(row => Node.Quoted(string.Join(' ', row.Select(Steps))))])));
    }

    private static int RowWidth(SurfaceAxis[] axes)
    {
        int width = 1;
        for (int i = axes.Length - 1; i >= 0 && width < ShortestRow; i--) width *= axes[i].Points.Count;
        return width;
    }

    private static SurfaceAxis ReadAxis(string name, Node node)
    {
        double[] points = [.. node.AsList().Select(point => point.AsNumber())];
        if (SurfaceAxis.Problem(points) is { } problem) throw node.Error(problem);
        return new SurfaceAxis(name, points);
    }

    private static void ReadRow(Node line, Span<double> values)
    {
        ReadOnlySpan<char> text = line.AsText();
        int count = 0;
        foreach (Range part in text.Split(' '))
        {
            ReadOnlySpan<char> word = text[part];
            if (!int.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int steps) || Math.Abs(steps) > LargestSteps)
                throw line.Error($"'{word}' is no whole number of hundredths of an octave between -{LargestSteps} and {LargestSteps}");
            if (count < values.Length) values[count] = steps / StepsPerOctave;
            count++;
        }
        if (count != values.Length) throw line.Error($"a row of this surface has {values.Length} values, not {count}");
    }

    private static Node Number(double value) => Node.Plain(value.ToString("R", CultureInfo.InvariantCulture));

    private static int Steps(double log2Ratio) =>
        (int)Math.Clamp(Math.Round(log2Ratio * StepsPerOctave), -LargestSteps, LargestSteps);
}
