namespace Orrery.World.Overlap;

/// <summary>
/// Finds the pipeline of one step size. Stage one: sizes of the nano-batches, all of them in multiples of a tile, for the least time per
/// layer when kernels do not disturb each other. Stage two: shares of the execution units on a grid of tenths, one set of running
/// classes after the other until none improves. Then stage one again under these shares, until nothing improves.
/// </summary>
/// <remarks>
/// Source: NanoFlow (OSDI 2025), two-stage search, by enumeration instead of mixed-integer programming (c, d). Steps above
/// <see cref="FinestUnits"/> tiles are cut in multiples of two, three, … tiles. Deterministic: of equal plans the first in order stays.
/// </remarks>
internal sealed class PipelineSearch(OverlapCost cost)
{
    /// <summary>Sizes per step that are tried for each boundary: 2048 rows in tiles of 128 (b).</summary>
    private const int FinestUnits = 16;

    /// <summary>The published search alternates a few times; the second round hardly ever finds more (d).</summary>
    private const int MostRounds = 3;

    /// <summary>A plan must be better by more than rounding.</summary>
    private const double Improvement = 1 - 1e-9;

    private readonly LayerPipeline _pipeline = new();
    private readonly double[] _durations = new double[LayerOperations.PerLayer];
    private readonly double[] _tails = new double[LayerOperations.PerLayer];

    /// <param name="rows">Rows of a data rank, whole tiles.</param>
    /// <param name="work">Attention of the nominal step.</param>
    public NanoPlan Find(long rows, LayerWork work)
    {
        double whole = Whole(rows, work);
        ResourceTables tables = cost.Options.Tables;
        PhaseShares shares = PhaseShares.Start;
        NanoSplit best = BestSplit(rows, work, PhaseShares.SpeedsWithoutInterference());
        if (!best.IsSplit) return Plan(NanoSplit.None, shares, whole);
        shares = BestShares(rows, best, work, shares, out double layer);
        for (int round = 1; round < MostRounds; round++)
        {
            NanoSplit split = BestSplit(rows, work, shares.Speeds(tables));
            PhaseShares next = BestShares(rows, split, work, shares, out double time);
            if (time >= layer * Improvement) break;
            (best, shares, layer) = (split, next, time);
        }
        if (cost.Options.FallsBack && layer >= whole) return Plan(NanoSplit.None, shares, whole);
        return Plan(best, shares, layer);

        NanoPlan Plan(NanoSplit split, PhaseShares chosen, double nanoseconds)
        {
            cost.Fill(_durations, split, rows, work);
            LayerPipeline.Tails(_durations, _tails);
            return new(split, chosen, nanoseconds * 1e-9, whole * 1e-9) { Speeds = chosen.Speeds(tables), Tails = [.. _tails] };
        }
    }

    private double Whole(long rows, LayerWork work)
    {
        cost.Fill(_durations, NanoSplit.None, rows, work);
        return _durations.Sum();
    }

    private NanoSplit BestSplit(long rows, LayerWork work, double[] speeds)
    {
        long tiles = rows / NanoSplit.UnitRows;
        long unit = (tiles + FinestUnits - 1) / FinestUnits * NanoSplit.UnitRows;
        double fastest = FastestSet(speeds);
        NanoSplit best = NanoSplit.None;
        double least = double.PositiveInfinity;
        for (long first = unit; first < rows; first += unit)
        {
            for (long head = unit; head <= first; head += unit)
            {
                for (long second = Math.Min(unit, rows - first); ; second = Math.Min(second + unit, rows - first))
                {
                    NanoSplit split = new(first, head, second);
                    cost.Fill(_durations, split, rows, work);
                    // Most splits cannot win: no set of kernels does more work per time than the fastest one.
                    if (LayerPipeline.AtLeast(_durations, fastest) < least * Improvement)
                    {
                        LayerPipeline.Tails(_durations, _tails);
                        double time = _pipeline.LayerNanoseconds(_durations, _tails, speeds);
                        if (time < least * Improvement) (least, best) = (time, split);
                    }
                    if (second == rows - first) break;
                }
            }
        }
        return best;
    }

    private PhaseShares BestShares(long rows, NanoSplit split, LayerWork work, PhaseShares from, out double least)
    {
        cost.Fill(_durations, split, rows, work);
        LayerPipeline.Tails(_durations, _tails);
        PhaseShares best = from;
        least = Time(best);
        double before;
        do
        {
            before = least;
            for (int share = 1; share < PhaseShares.Whole; share++)
            {
                Try(best with { ComputeBesideMemory = share }, ref best, ref least);
                Try(best with { ComputeBesideNetwork = share }, ref best, ref least);
                Try(best with { MemoryBesideNetwork = share }, ref best, ref least);
                for (int memory = 1; memory < PhaseShares.Whole - share; memory++)
                    Try(best with { ComputeOfThree = share, MemoryOfThree = memory }, ref best, ref least);
            }
        }
        while (least < before * Improvement);
        return best;

        double Time(PhaseShares shares) => _pipeline.LayerNanoseconds(_durations, _tails, shares.Speeds(cost.Options.Tables));

        void Try(PhaseShares shares, ref PhaseShares champion, ref double time)
        {
            double candidate = Time(shares);
            if (candidate < time * Improvement) (champion, time) = (shares, candidate);
        }
    }

    /// <summary>The most work per time that any set of classes does together.</summary>
    private static double FastestSet(double[] speeds)
    {
        double fastest = 1;
        for (int set = 1; set < 8; set++)
        {
            double sum = 0;
            for (int c = 0; c < 3; c++)
                if ((set & (1 << c)) != 0) sum += speeds[(3 * set) + c];
            fastest = Math.Max(fastest, sum);
        }
        return fastest;
    }
}
