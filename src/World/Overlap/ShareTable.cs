namespace Orrery.World.Overlap;

/// <summary>
/// Speed P(R) of a kernel that is given the share R of a device's execution units, relative to running alone: concave and never below
/// the diagonal, so two kernels side by side finish no later than one after the other.
/// </summary>
public sealed class ShareTable
{
    private readonly double[] _shares;
    private readonly double[] _speeds;

    private ShareTable(double[] shares, double[] speeds)
    {
        _shares = shares;
        _speeds = speeds;
    }

    /// <summary>The least concave table over the points, (0, 0) and (1, 1); linear between them.</summary>
    /// <param name="points">Measured pairs, shares rising strictly within (0, 1), speeds in (0, 1] and never falling.</param>
    /// <exception cref="ArgumentException">Not such points.</exception>
    public static ShareTable Of(params ReadOnlySpan<(double Share, double Speed)> points)
    {
        List<(double Share, double Speed)> hull = [(0, 0)];
        (double Share, double Speed) before = (0, 0);
        foreach ((double Share, double Speed) point in points)
        {
            if (!(point.Share > before.Share && point.Share < 1)) throw new ArgumentException("shares must rise strictly between 0 and 1", nameof(points));
            if (!(point.Speed >= before.Speed && point.Speed is > 0 and <= 1)) throw new ArgumentException("speeds must lie in (0, 1] and never fall", nameof(points));
            Append(hull, point);
            before = point;
        }
        Append(hull, (1, 1));
        return new([.. hull.Select(p => p.Share)], [.. hull.Select(p => p.Speed)]);
    }

    /// <summary>Speed at a share in [0, 1].</summary>
    public double SpeedAt(double share)
    {
        for (int i = 1; i < _shares.Length; i++)
        {
            if (share > _shares[i]) continue;
            double part = (share - _shares[i - 1]) / (_shares[i] - _shares[i - 1]);
            return _speeds[i - 1] + (part * (_speeds[i] - _speeds[i - 1]));
        }
        return 1;
    }

    /// <summary>Drops points that would bend the table upwards: measured pairs are rounded.</summary>
    private static void Append(List<(double Share, double Speed)> hull, (double Share, double Speed) next)
    {
        while (hull.Count > 1 && Slope(hull[^2], hull[^1]) <= Slope(hull[^1], next)) hull.RemoveAt(hull.Count - 1);
        hull.Add(next);
    }

    private static double Slope((double Share, double Speed) a, (double Share, double Speed) b) => (b.Speed - a.Speed) / (b.Share - a.Share);
}

/// <summary>The tables of the three classes.</summary>
/// <param name="Compute">Of matrix products.</param>
/// <param name="Memory">Of decode attention.</param>
/// <param name="Network">Of collectives.</param>
public sealed record ResourceTables(ShareTable Compute, ShareTable Memory, ShareTable Network)
{
    /// <summary>
    /// Matrix products run at the share they are given; memory and network kernels saturate early (NanoFlow, OSDI 2025, from memory (c);
    /// A100 SXM). The remembered 0.85 of decode attention at 0.8 lies just under the concave line and is dropped by it.
    /// </summary>
    public static ResourceTables Usual { get; } = new(
        ShareTable.Of(),
        ShareTable.Of((0.1, 0.2), (0.2, 0.3), (0.8, 0.85), (0.9, 0.95)),
        ShareTable.Of((0.1, 0.3), (0.2, 0.5), (0.9, 1)));

    public ShareTable this[ResourceClass resource] => resource switch
    {
        ResourceClass.Compute => Compute,
        ResourceClass.Memory => Memory,
        _ => Network,
    };
}
