using Orrery.World.Profiles;

namespace Orrery.Lab.Calibration;

/// <summary>
/// Fits a surface to scattered measurements: penalised least squares of the logarithms on the grid's own multilinear basis, with weights
/// that bound the pull of outliers (Huber 1964, iteratively reweighted). Bending and, weakly, slopes are penalised, so that cells without
/// measurements continue their neighbours. Deterministic: a direct solution in a fixed order.
/// </summary>
public static class SurfaceFit
{
    /// <summary>Penalty on bending in units of one measurement (d: small enough to bend within a few measurements per cell).</summary>
    public const double UsualSmoothness = 0.3;

    /// <summary>Octaves beyond which a measurement counts as an outlier: about 11 % (d: spread of repeated measurements is 3-6 %).</summary>
    public const double UsualOutlier = 0.15;

    /// <summary>Slopes are penalised by this share of bending; it only settles cells that bending leaves free (d).</summary>
    private const double SlopeShare = 0.1;

    /// <summary>Reweighting settles to well below a document's resolution.</summary>
    private const int Rounds = 6;

    /// <summary>The surface over these axes nearest to the points.</summary>
    /// <param name="axes">Grid to fill.</param>
    /// <param name="points">At least one.</param>
    /// <param name="smoothness">See <see cref="UsualSmoothness"/>.</param>
    /// <param name="outlier">See <see cref="UsualOutlier"/>.</param>
    public static EfficiencySurface Fit(
        IReadOnlyList<SurfaceAxis> axes, FitPoints points, double smoothness = UsualSmoothness, double outlier = UsualOutlier)
    {
        ArgumentNullException.ThrowIfNull(axes);
        ArgumentNullException.ThrowIfNull(points);
        if (points.Count == 0) throw new ArgumentException("a surface cannot be fitted to nothing", nameof(points));
        if (points.Dimensions != axes.Count) throw new ArgumentException($"points of {points.Dimensions} coordinates do not fit {axes.Count} axes", nameof(points));
        Grid grid = new(axes);
        Corners corners = grid.CornersOf(points);
        double[] values = new double[grid.Cells];
        double[] residuals = new double[points.Count];
        for (int round = 0; round < Rounds; round++)
        {
            BandedSystem system = new(grid.Cells, grid.Bandwidth);
            grid.AddPenalties(system, smoothness * smoothness, SlopeShare * SlopeShare);
            for (int i = 0; i < points.Count; i++)
            {
                double doubt = round == 0 || Math.Abs(residuals[i]) <= outlier ? 1 : outlier / Math.Abs(residuals[i]);
                corners.AddTo(system, i, points.Weight(i) * doubt, points.Log2Ratio(i));
            }
            values = system.Solve();
            for (int i = 0; i < points.Count; i++) residuals[i] = points.Log2Ratio(i) - corners.Value(i, values);
        }
        return new EfficiencySurface(axes, values).Rounded();
    }

    /// <summary>Cells of a grid, row-major, and what ties neighbours together.</summary>
    private sealed class Grid
    {
        private readonly IReadOnlyList<SurfaceAxis> _axes;
        private readonly int[] _strides;

        public Grid(IReadOnlyList<SurfaceAxis> axes)
        {
            _axes = axes;
            _strides = new int[axes.Count];
            Cells = 1;
            for (int i = axes.Count - 1; i >= 0; i--)
            {
                _strides[i] = Cells;
                Cells *= axes[i].Points.Count;
            }
            // Bending ties a cell to the one two steps on; a measurement ties the two ends of a cell's diagonal.
            Bandwidth = Math.Min(Cells - 1, Math.Max(_strides.Where((_, i) => axes[i].Points.Count > 2).DefaultIfEmpty().Max() * 2, _strides.Sum()));
        }

        public int Cells { get; }

        public int Bandwidth { get; }

        public void AddPenalties(BandedSystem system, double bend, double slopeShare)
        {
            Span<double> weights = stackalloc double[3];
            Span<int> cells = stackalloc int[3];
            for (int d = 0; d < _axes.Count; d++)
            {
                IReadOnlyList<double> at = _axes[d].Points;
                int stride = _strides[d];
                for (int cell = 0; cell < Cells; cell++)
                {
                    int i = cell / stride % at.Count;
                    if (i + 1 >= at.Count) continue;
                    cells[0] = cell;
                    cells[1] = cell + stride;
                    (weights[0], weights[1]) = (1, -1);
                    system.AddSquare(cells[..2], weights[..2], bend * slopeShare, 0);
                    if (i + 2 >= at.Count) continue;
                    double first = Math.Log2(at[i + 1] / at[i]);
                    double second = Math.Log2(at[i + 2] / at[i + 1]);
                    cells[2] = cell + (2 * stride);
                    (weights[0], weights[1], weights[2]) = (second / (first + second), -1, first / (first + second));
                    system.AddSquare(cells, weights, bend, 0);
                }
            }
        }

        public Corners CornersOf(FitPoints points)
        {
            Corners corners = new(points.Count, 1 << _axes.Count);
            for (int p = 0; p < points.Count; p++)
            {
                Span<int> cells = corners.Cells(p);
                Span<double> weights = corners.Weights(p);
                weights[0] = 1;
                int filled = 1;
                for (int d = 0; d < _axes.Count; d++)
                {
                    (int index, double share) = _axes[d].Locate(points.Coordinate(p, d));
                    for (int c = 0; c < filled; c++)
                    {
                        cells[c] += index * _strides[d];
                        if (share == 0) continue;
                        cells[filled + c] = cells[c] + _strides[d];
                        weights[filled + c] = weights[c] * share;
                        weights[c] *= 1 - share;
                    }
                    if (share > 0) filled *= 2;
                }
                corners.Counts[p] = filled;
            }
            return corners;
        }
    }

    /// <summary>Cells that each point leans on, with their shares.</summary>
    private sealed class Corners(int points, int most)
    {
        private readonly int[] _cells = new int[points * most];
        private readonly double[] _weights = new double[points * most];

        public int[] Counts { get; } = new int[points];

        public Span<int> Cells(int point) => _cells.AsSpan(point * most, most);

        public Span<double> Weights(int point) => _weights.AsSpan(point * most, most);

        public void AddTo(BandedSystem system, int point, double weight, double value) =>
            system.AddSquare(Cells(point)[..Counts[point]], Weights(point)[..Counts[point]], weight, value);

        public double Value(int point, double[] values)
        {
            double sum = 0;
            for (int c = 0; c < Counts[point]; c++) sum += Weights(point)[c] * values[Cells(point)[c]];
            return sum;
        }
    }
}
