namespace Orrery.Lab.Calibration;

/// <summary>
/// Normal equations of a least-squares problem whose unknowns are tied to near ones only: a symmetric positive definite band matrix, solved
/// by Cholesky's factorisation.
/// </summary>
internal sealed class BandedSystem(int size, int bandwidth)
{
    /// <summary>Keeps unknowns that nothing ties down at zero without moving the others by anything that matters.</summary>
    private const double Ridge = 1e-9;

    private readonly int _width = bandwidth + 1;
    private readonly double[] _matrix = new double[size * (bandwidth + 1)];
    private readonly double[] _right = new double[size];

    /// <summary>Adds weight · (Σ shares·unknowns − value)² to what is minimised.</summary>
    public void AddSquare(ReadOnlySpan<int> unknowns, ReadOnlySpan<double> shares, double weight, double value)
    {
        for (int a = 0; a < unknowns.Length; a++)
        {
            int row = unknowns[a];
            double scaled = weight * shares[a];
            _right[row] += scaled * value;
            for (int b = 0; b < unknowns.Length; b++)
                if (unknowns[b] <= row) _matrix[(row * _width) + (row - unknowns[b])] += scaled * shares[b];
        }
    }

    /// <summary>The unknowns that minimise the sum. Uses up the system.</summary>
    public double[] Solve()
    {
        for (int i = 0; i < size; i++)
        {
            Span<double> row = _matrix.AsSpan(i * _width, _width);
            row[0] += Ridge;
            int first = Math.Max(0, i - bandwidth);
            for (int j = first; j <= i; j++)
            {
                ReadOnlySpan<double> other = _matrix.AsSpan(j * _width, _width);
                double sum = row[i - j];
                for (int k = Math.Max(first, j - bandwidth); k < j; k++) sum -= row[i - k] * other[j - k];
                row[i - j] = i == j ? Math.Sqrt(sum) : sum / other[0];
            }
        }
        double[] x = _right;
        for (int i = 0; i < size; i++)
        {
            for (int k = Math.Max(0, i - bandwidth); k < i; k++) x[i] -= _matrix[(i * _width) + (i - k)] * x[k];
            x[i] /= _matrix[i * _width];
        }
        for (int i = size - 1; i >= 0; i--)
        {
            x[i] /= _matrix[i * _width];
            for (int k = Math.Max(0, i - bandwidth); k < i; k++) x[k] -= _matrix[(i * _width) + (i - k)] * x[i];
        }
        return x;
    }
}
