namespace Orrery.World.Overlap;

/// <summary>
/// How the rows of a step are cut into two nano-batches, and the input projection and decode attention of each into two more:
/// k1 | n1 − k1 | k3 | rest. In multiples of <see cref="UnitRows"/>; what a step lacks is missing at the end.
/// </summary>
/// <remarks>Source: NanoFlow's artefact (b): Llama-2-70B on eight devices 2048 rows as 256 | 384 | 768 | 640, Llama-3-8B on one 1024 rows as 384 | 0 | 640 | 0.</remarks>
/// <param name="FirstRows">n1, rows of nano-batch 1.</param>
/// <param name="FirstHeadRows">k1, rows of its first part; n1 means that it is not cut further.</param>
/// <param name="SecondHeadRows">k3, rows of the first part of nano-batch 2.</param>
public readonly record struct NanoSplit(long FirstRows, long FirstHeadRows, long SecondHeadRows)
{
    /// <summary>Nano-batch sizes are multiples of a matrix tile (b).</summary>
    public const int UnitRows = 128;

    /// <summary>The batch in one piece.</summary>
    public static NanoSplit None => new(long.MaxValue, long.MaxValue, long.MaxValue);

    public bool IsSplit => this != None;

    /// <summary>Rows of nano-batch 0 or 1.</summary>
    public long Rows(int nanoBatch, long rows)
    {
        long first = Math.Min(FirstRows, rows);
        return nanoBatch == 0 ? first : rows - first;
    }

    /// <summary>Rows of a nano-batch's first (0) or second (1) part.</summary>
    public long PartRows(int nanoBatch, int part, long rows)
    {
        long own = Rows(nanoBatch, rows);
        long head = Math.Min(nanoBatch == 0 ? FirstHeadRows : SecondHeadRows, own);
        return part == 0 ? head : own - head;
    }
}
