namespace Orrery.World.Cost;

/// <summary>
/// Times by number of rows, computed when first asked for: a run meets few different sizes of steps, and a measured table costs logarithms.
/// One object serves one run.
/// </summary>
internal sealed class RowCache<T>(Func<long, T> compute)
{
    /// <summary>Sizes that are kept; larger steps are computed each time, so that memory stays bounded.</summary>
    private const int MostRows = 1 << 14;

    private T[] _times = [];
    private bool[] _known = [];

    public T At(long rows)
    {
        if ((ulong)rows < (ulong)_known.Length && _known[rows]) return _times[rows];
        return Compute(rows);
    }

    private T Compute(long rows)
    {
        T time = compute(rows);
        if (rows is < 0 or >= MostRows) return time;
        if (rows >= _known.Length)
        {
            int length = (int)Math.Min(MostRows, Math.Max(2 * rows, 256));
            Array.Resize(ref _times, length);
            Array.Resize(ref _known, length);
        }
        _times[rows] = time;
        _known[rows] = true;
        return time;
    }
}
