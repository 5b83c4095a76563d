namespace Orrery.World.Overlap;

/// <summary>
/// Shares of the execution units in tenths, for every set of classes that may run together. Shares of a set sum to ten; a class that
/// runs alone has all of them.
/// </summary>
/// <param name="ComputeBesideMemory">Compute's share; memory has the rest.</param>
/// <param name="ComputeBesideNetwork">Compute's share; network has the rest.</param>
/// <param name="MemoryBesideNetwork">Memory's share; network has the rest.</param>
/// <param name="ComputeOfThree">Compute's share when all three run.</param>
/// <param name="MemoryOfThree">Memory's share when all three run; network has the rest.</param>
public readonly record struct PhaseShares(
    int ComputeBesideMemory, int ComputeBesideNetwork, int MemoryBesideNetwork, int ComputeOfThree, int MemoryOfThree)
{
    /// <summary>The grid of the search: one tenth (NanoFlow (c)).</summary>
    public const int Whole = 10;

    /// <summary>Where the search begins: one fifth for each helper.</summary>
    public static PhaseShares Start => new(8, 8, 8, 6, 2);

    /// <summary>Share in tenths of a class within a set of running classes (bit i: class i); 0 for a class outside the set.</summary>
    public int Of(ResourceClass resource, int runningSet)
    {
        int compute = runningSet switch { 1 => Whole, 3 => ComputeBesideMemory, 5 => ComputeBesideNetwork, 7 => ComputeOfThree, _ => 0 };
        int memory = runningSet switch { 2 => Whole, 3 => Whole - compute, 6 => MemoryBesideNetwork, 7 => MemoryOfThree, _ => 0 };
        return resource switch
        {
            ResourceClass.Compute => compute,
            ResourceClass.Memory => memory,
            _ => (runningSet & 4) == 0 ? 0 : Whole - compute - memory,
        };
    }

    /// <summary>Speeds of the three classes in every set: entry 3·set + class.</summary>
    public double[] Speeds(ResourceTables tables)
    {
        ArgumentNullException.ThrowIfNull(tables);
        double[] speeds = new double[3 * 8];
        for (int set = 1; set < 8; set++)
            for (int c = 0; c < 3; c++)
                speeds[(3 * set) + c] = tables[(ResourceClass)c].SpeedAt((double)Of((ResourceClass)c, set) / Whole);
        return speeds;
    }

    /// <summary>The same for kernels that do not disturb each other: everybody runs as if alone.</summary>
    public static double[] SpeedsWithoutInterference()
    {
        double[] speeds = new double[3 * 8];
        Array.Fill(speeds, 1);
        return speeds;
    }
}
